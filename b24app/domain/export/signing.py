"""Signatures that outlive every row: by a key derived from the deployment's newest, accepted from any it still has."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


@dataclass(frozen=True, slots=True)
class Signature:
    """`key`: which key made it, without telling the key; `mac`: HMAC-SHA256. Both in hex."""

    key: str
    mac: str


def sign(keys: tuple[str, ...], purpose: str, data: bytes) -> Signature:
    """Signed with the newest of `keys` (newest first, as in the settings). What is signed for one purpose proves
    nothing for another."""
    return Signature(_name(keys[0], purpose), _mac(keys[0], purpose, data))


def known(keys: tuple[str, ...], purpose: str, signature: Signature) -> bool:
    """Whether the deployment still has the key that made this."""
    return any(hmac.compare_digest(_name(key, purpose), signature.key) for key in keys)


def genuine(keys: tuple[str, ...], purpose: str, data: bytes, signature: Signature) -> bool:
    """Whether one of our keys signed exactly these bytes."""
    return any(hmac.compare_digest(_mac(key, purpose, data), signature.mac) for key in keys)


def _mac(key: str, purpose: str, data: bytes) -> str:
    return hmac.new(_derived(key, purpose, 32), data, hashlib.sha256).hexdigest()


def _name(key: str, purpose: str) -> str:
    return _derived(key, f"{purpose}, name of the key", 6).hex()


def _derived(key: str, purpose: str, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=f"b24app {purpose}".encode()).derive(key.encode())
