"""The service with a fault: for a minute it believes what it remembers, and hears of nothing else.

For test_consistency, which has to notice. Workers import it too, and so have the same fault.
"""

from app.service import main
from live import feed

feed.BOUND_SECONDS = 60.0

if __name__ == "__main__":
    main()
