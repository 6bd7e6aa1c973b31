"""Tests of the domain: its laws, and its boundaries from both sides. No clock, no I/O."""
