"""Secrets of API tokens: made here, shown once, stored only as a hash."""

import hashlib
import secrets
from dataclasses import dataclass

PREFIX_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Secret:
    """A new token: what the user keeps, and what the database keeps of it."""

    plain: str
    hash: bytes
    prefix: str


def new_secret() -> Secret:
    """256 random bits behind ``hf_``, which lets scanners of leaked secrets know it."""
    plain = f"hf_{secrets.token_urlsafe(32)}"
    return Secret(plain, hash_of(plain), plain[:PREFIX_LENGTH])


def hash_of(plain: str) -> bytes:
    """SHA-256: a random 256-bit secret needs no slower hash."""
    return hashlib.sha256(plain.encode()).digest()
