"""What a process knows of the database without asking, and how it learns of changes.

Everything here may be late by a bounded time and decides nothing: see docs/adr/0020.
"""
