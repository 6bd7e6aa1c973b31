"""The embedded PostgreSQL: its programs, its data directory, its server, its recovery.

Tests need only ``throwaway``: a server in a temporary directory, gone at the end.
"""

from app.embedded.server import throwaway

__all__ = ["throwaway"]
