"""The contract's schemas, generated: ``models`` to read requests with, ``replies`` to answer."""
