"""Tests: of the domain, of the database, of the contract, of the running service."""
