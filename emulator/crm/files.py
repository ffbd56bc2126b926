"""Files that come with a comment: name, size, and how big a picture is.

Pages: api-reference/crm/timeline/comments/crm-timeline-comment-add.md, crm-timeline-comment-get.md.
"""

import base64
import binascii
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attached:
    """`size` in bytes; `picture` (width, height) in pixels, None for anything but a GIF or PNG."""

    name: str
    size: int
    picture: tuple[int, int] | None = None


def read(name: str, encoded: str) -> Attached:
    """A `[name, base64]` pair; what is no base64 is an empty file."""
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    return Attached(name, len(raw), _picture(raw))


def _picture(raw: bytes) -> tuple[int, int] | None:
    if raw[:4] == b"GIF8":
        return int.from_bytes(raw[6:8], "little"), int.from_bytes(raw[8:10], "little")
    if raw[:8] == b"\x89PNG\r\n\x1a\n":
        return int.from_bytes(raw[16:20]), int.from_bytes(raw[20:24])
    return None
