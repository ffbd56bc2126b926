"""Sign and send one webhook by Standard Webhooks 1.0.0, so that its published libraries verify the signature.

The stored bytes are signed and sent; they are never serialised again. Redirects are not followed, at most 4 KB of the
answer are read, and `b24app.net.guard` decides which addresses may be called.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import aiohttp

from b24app.domain.delivery import schedule
from b24app.domain.delivery.schedule import Answer, Failure
from b24app.net.addresses import Address
from b24app.net.guard import AddressRefused, Answered
from b24app.vault import Vault

SECRET_PREFIX, SECRET_BYTES = "whsec_", 32
TOLERANCE = 300  # seconds between the clocks of who signs and who verifies
RESPONSE_LIMIT = 4096
BODY_PATIENCE = 2.0  # seconds that the rest of an answer may take after its status
USER_AGENT = "b24app-webhooks/1"
UPLOAD_TIMEOUT = aiohttp.ClientTimeout(total=600, sock_connect=5, sock_read=60)


@dataclass(frozen=True, slots=True)
class Message:
    """A webhook to be sent. `keys` are the raw HMAC keys, newest first; `sequence` is None for pings."""

    to: Address
    id: str
    body: bytes
    keys: tuple[bytes, ...]
    sequence: int | None
    attempt: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """The result of one attempt. `duration` in seconds; `response` is text without NUL.

    `address`: the IP address that we were connected to.
    """

    answer: Answer
    duration: float
    response: str = ""
    address: str | None = None

    @property
    def duration_ms(self) -> int:
        return round(self.duration * 1000)


def new_secret(randomness: bytes) -> str:
    """`whsec_` and standard base64 of `SECRET_BYTES` random bytes (the specification asks for 24 to 64)."""
    return SECRET_PREFIX + b64encode(randomness).decode()


def signing_key(secret: str) -> bytes:
    """The HMAC key: the decoded base64 part of the secret. Raises ValueError if there is none."""
    return b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)


def opened_key(vault: Vault, sealed: bytes) -> bytes | None:
    """The HMAC key of a sealed secret. None: no key of ours opens it any more, or it holds no secret."""
    secret = vault.opened(sealed)
    try:
        return signing_key(secret) if secret is not None else None
    except ValueError:
        return None


def headers(message: Message, at: datetime) -> dict[str, str]:
    """The headers of the webhook. One signature per key, separated by a space, newest key first."""
    timestamp = str(int(at.timestamp()))
    fields = {
        "content-type": "application/json",
        "accept-encoding": "identity",
        "user-agent": USER_AGENT,
        "webhook-id": message.id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature(message.id, timestamp, message.body, message.keys),
        "webhook-attempt": str(message.attempt),
    }
    if message.sequence is not None:
        fields["webhook-sequence"] = str(message.sequence)
    return fields


def signature(id: str, timestamp: str, body: bytes, keys: Sequence[bytes]) -> str:
    signed = f"{id}.{timestamp}.".encode() + body
    return " ".join("v1," + b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys)


def verified(fields: Mapping[str, str], body: bytes, keys: Sequence[bytes], now: datetime) -> bool:
    """Whether a webhook was signed with one of these keys, and lately: as every receiver has to look at it.

    `fields`: its headers, their names in small letters.
    """
    webhook_id, timestamp = fields.get("webhook-id", ""), fields.get("webhook-timestamp", "")
    if not webhook_id or not timestamp.isdecimal() or abs(now.timestamp() - int(timestamp)) > TOLERANCE:
        return False
    right = signature(webhook_id, timestamp, body, keys).split()
    given = fields.get("webhook-signature", "").split()
    return any(hmac.compare_digest(one.encode(), other.encode()) for one in given for other in right)


async def send(http: aiohttp.ClientSession, message: Message, at: datetime) -> Attempt:
    """Make one attempt over a session of `guard.open_outward`. Whatever the receiver does is an `Attempt`, no error."""
    started = monotonic()
    try:
        async with http.post(
            message.to.url, data=message.body, headers=headers(message, at), allow_redirects=False
        ) as response:
            head = await _head(response)
            answer = schedule.answer(response.status, schedule.retry_after(response.headers.get("retry-after"), at))
            address = response.address if isinstance(response, Answered) else None
            return Attempt(answer, monotonic() - started, head, address)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        return Attempt(Answer(None, _failure(error)), monotonic() - started)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to be sent, signed like a webhook. `parts()` yields its bytes from the beginning, `length` in all."""

    to: Address
    id: str
    parts: Callable[[], AsyncIterator[bytes]]
    length: int
    key: bytes
    attempt: int


async def upload(http: aiohttp.ClientSession, file: Upload, at: datetime) -> Attempt:
    """As `send`, for a body that is never in memory as a whole: it is read once to be signed and once to be sent."""
    started = monotonic()
    timestamp = str(int(at.timestamp()))
    mac = hmac.new(file.key, f"{file.id}.{timestamp}.".encode(), hashlib.sha256)
    async for part in file.parts():
        mac.update(part)
    fields = {
        "content-type": "application/gzip",
        "content-length": str(file.length),
        "accept-encoding": "identity",
        "user-agent": USER_AGENT,
        "webhook-id": file.id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + b64encode(mac.digest()).decode(),
        "webhook-attempt": str(file.attempt),
    }
    try:
        async with http.post(
            file.to.url, data=file.parts(), headers=fields, allow_redirects=False, timeout=UPLOAD_TIMEOUT
        ) as response:
            head = await _head(response)
            return Attempt(schedule.answer(response.status), monotonic() - started, head)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        return Attempt(Answer(None, _failure(error)), monotonic() - started)


async def _head(response: aiohttp.ClientResponse) -> str:
    """The first 4 KB of the body, without NUL, which PostgreSQL takes in no text.

    The connection is closed on a longer or slower body.
    """
    head = bytearray()
    try:
        async with asyncio.timeout(BODY_PATIENCE):
            while len(head) < RESPONSE_LIMIT and not response.content.at_eof():
                head += await response.content.read(RESPONSE_LIMIT - len(head))
    except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError, TimeoutError):
        response.close()  # the status counts, with or without the rest
    if not response.content.at_eof():
        response.close()
    return head.decode(errors="replace").replace("\0", "")


def _failure(error: Exception) -> Failure:
    match error:
        case aiohttp.ClientConnectorDNSError() if isinstance(error.os_error, AddressRefused):
            return Failure.REFUSED_ADDRESS
        case aiohttp.ClientConnectorDNSError():
            return Failure.DNS
        case TimeoutError() | asyncio.TimeoutError():
            return Failure.TIMEOUT
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return Failure.TLS
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError() | aiohttp.InvalidURL() | ValueError():
            return Failure.PROTOCOL
        case _:
            return Failure.CONNECTION
