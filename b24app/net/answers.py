"""The status of an answer counts, whatever stands behind it: the one place where we reach into aiohttp.

aiohttp tells an answer's head only where everything that came with it in one segment was well formed: a receiver that
took our webhook and counted the length of its body in letters would be called for three days. Its own parser reads each
answer here too. Where it refuses one, a fresh one gets the head alone; where it refuses the head, the status line and
`Retry-After` alone. RFC 9112, 6.3 and 7.1, say how a body ends and not that a status may be forgotten.

Reached into (aiohttp 3.14): `ResponseHandler._parser`, set by `set_response_params`, and `BaseConnector._factory`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import BadHttpMessage
from aiohttp.http_parser import RawResponseMessage
from aiohttp.streams import StreamReader

HEAD_LIMIT = 256 * 1024  # bytes; of a longer head the beginning counts
HEAD_PATIENCE = 2.0  # seconds that headers may take after their status line
LINE_LIMIT, HEADERS_LIMIT = 64 * 1024, 1000  # aiohttp takes 8 KB and 128: one content policy may be longer

_BLANK_LINE = re.compile(rb"\n\r?\n")
_STATUS = re.compile(rb"[\r\n]*(HTTP/1\.[01] [1-5]\d\d)(?=[ \r\n])")
_RETRY_AFTER = re.compile(rb"\n(retry-after:[\t -~]*)(?=[\r\n])", re.IGNORECASE)

Message = tuple[RawResponseMessage, StreamReader]
Parsed = tuple[Sequence[Message], bool, bytes]
"""Messages, whether the protocol was switched, and what came behind the switch."""


class Parser(Protocol):
    """What a `ResponseHandler` asks of its parser."""

    def feed_data(self, data: bytes) -> Parsed: ...
    def feed_eof(self) -> RawResponseMessage | None: ...
    def pause_reading(self) -> None: ...


class Handler(ResponseHandler):
    """aiohttp's, with a parser that knows the status first."""

    _used = False

    def set_response_params(self, **params: Any) -> None:
        def fresh() -> Parser:
            ResponseHandler.set_response_params(self, **params)
            return cast(Parser, self._parser)

        StatusFirst(self, fresh, kept=self._used)
        self._used = True


class StatusFirst:
    """A parser of one answer. `fresh` puts a new one of the library's into the handler and returns it. `kept`: the
    connection has brought an answer before, and what was left of that one may still come."""

    __slots__ = ("_ended", "_fresh", "_handler", "_kept", "_parser", "_patience", "_payload", "_seen")

    def __init__(self, handler: ResponseHandler, fresh: Callable[[], Parser], *, kept: bool) -> None:
        self._handler, self._fresh, self._kept = handler, fresh, kept
        self._parser = self._new()
        self._seen = b""  # until the head is known
        self._payload: StreamReader | None = None  # from then on
        self._ended = False  # what still comes is of no use
        self._patience: asyncio.TimerHandle | None = None

    def pause_reading(self) -> None:
        self._parser.pause_reading()

    def feed_data(self, data: bytes) -> Parsed:
        if self._ended:
            return (), False, b""
        if self._payload is not None:
            return self._body(data)
        self._seen += data
        try:
            messages, switched, tail = self._parser.feed_data(data)
        except Exception:
            seen = len(self._seen)
            if found := self._again():
                return [found], False, b""
            if len(self._seen) == seen:
                raise
            rest, self._seen, self._parser = self._seen, b"", self._new()  # only what came before it was broken
            return self.feed_data(rest)
        final = [message for message in messages if not _preliminary(message)]
        if final:
            self._know(final[0])
            if len(final) > 1:
                self._end(final[0][1])
            return final[:1], switched, tail
        if len(self._seen) > HEAD_LIMIT:
            self._cut()
        elif self._patience is None and b"\n" in data:
            self._patience = asyncio.get_running_loop().call_later(HEAD_PATIENCE, self._cut)
        return (), False, b""

    def feed_eof(self) -> RawResponseMessage | None:
        """The connection is closed: a body that is not whole ends here, and a head too."""
        if self._payload is None:
            self._cut()
        if self._ended:
            return None
        try:
            return self._parser.feed_eof()
        except Exception:
            if self._payload is None:
                raise
            self._end(self._payload)
            return None

    def _body(self, data: bytes) -> Parsed:
        assert self._payload
        try:
            parsed = self._parser.feed_data(data)
            if parsed[0]:
                raise BadHttpMessage("An answer to nothing: the next request would take it for its own.")
            return parsed
        except Exception:
            if self._payload.is_eof():
                raise  # behind the end of the answer: the connection may be in the pool, and the handler closes it
            self._end(self._payload)
            return (), False, b""

    def _cut(self) -> None:
        """We waited long enough, or enough came, or nothing more will: what is there of the head is the head."""
        self._patience = None
        if self._payload is None and (found := self._again()):
            self._handler.feed_data(found, 0)

    def _again(self) -> Message | None:
        """What came so far, read again: the head alone, then what stands behind it. None without a status line; what
        an answer may still come behind is forgotten then: preliminary heads, leftovers of the answer before."""
        while self._seen:
            blank = _BLANK_LINE.search(self._seen)
            end = blank.end() if blank else len(self._seen)
            head, rest = self._seen[:end], self._seen[end:]
            found = self._head(head, len(rest))
            if found and not _preliminary(found):
                self._know(found)
                with suppress(Exception):  # whatever it is, the status counts
                    self._parser.feed_data(rest)
                self._end(found[1])
                return found
            leftover = self._kept and not _STATUS.search(head)
            if not leftover and not (found and blank):
                return None
            self._seen = rest
        return None

    def _head(self, head: bytes, behind: int) -> Message | None:
        """The head as it is, or what counts of it. `behind`: bytes that stand behind it and shall be its body."""
        status, after = _STATUS.search(head) if self._kept else _STATUS.match(head), _RETRY_AFTER.search(head)
        if status is None:
            return None
        lines = [status[1] + b" ", *([after[1]] if after else []), b"content-length: %d" % behind, b"", b""]
        for text in (head[status.start() :], b"\r\n".join(lines)):
            self._parser = self._new()
            with suppress(Exception):
                messages, _, _ = self._parser.feed_data(text)
                if messages:
                    return messages[0]
        return None

    def _new(self) -> Parser:
        parser = self._fresh()
        self._handler._parser = cast(Any, self)
        return parser

    def _know(self, message: Message) -> None:
        self._payload, self._seen = message[1], b""
        if self._patience:
            self._patience.cancel()
            self._patience = None

    def _end(self, payload: StreamReader) -> None:
        """No more of this body, and no other answer over this connection."""
        self._ended = True
        self._handler.force_close()
        if not payload.is_eof():
            payload.feed_eof()


def _preliminary(message: Message) -> bool:
    """1xx: an answer is still to come. 101 is one."""
    return message[0].code < 200 and message[0].code != 101


class Connector(aiohttp.TCPConnector):
    """Connections whose answers are read so."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        handler: type[ResponseHandler] = Handler
        self._factory = partial(handler, loop=self._loop)
