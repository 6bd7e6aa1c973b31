"""Tests of the contract itself, and of the running service against it."""
