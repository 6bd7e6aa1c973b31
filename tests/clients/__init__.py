"""The clients of clients/, as packages, against the running service."""
