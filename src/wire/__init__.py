"""The contract's schemas in Python, generated: pydantic models to read with, TypedDicts to reply with."""
