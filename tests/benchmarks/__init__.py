"""The benchmark itself: what it reads, what it writes, and a short run of it."""
