"""Tests against a real PostgreSQL: its schema, every query, and what is built on them."""
