"""The service by another contract, whose path is the argument. For test_deprecation."""

import sys
from pathlib import Path

from app import contract

contract.CONTRACT = Path(sys.argv[1])

from app.service import main  # noqa: E402 - it reads the contract

if __name__ == "__main__":
    main()
