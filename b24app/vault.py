"""Secrets at rest: encrypt and decrypt with the deployment's keys, newest first, so that keys can be rotated."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Vault:
    """Fernet (AES-128-CBC with HMAC-SHA256) over `B24APP_SECRET_KEYS`."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, text: str) -> bytes:
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """Raise `cryptography.fernet.InvalidToken` where no key fits."""
        return self._fernet.decrypt(sealed).decode()

    def opened(self, sealed: bytes) -> str | None:
        """None where no key fits: the one that sealed it was dropped."""
        try:
            return self.open(sealed)
        except InvalidToken:
            return None
