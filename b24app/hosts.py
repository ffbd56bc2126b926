"""Pure ASGI: we answer for the host of our public URL and no other. Another name in `Host` is a misled proxy, a rebound
name, or somebody who wants it in an answer."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from b24app.settings import Settings, is_loopback

ANYWHERE = frozenset({"/healthz", "/readyz", "/metrics"})  # asked by address, from within: they tell nobody's data


class KnownHosts:
    """Answers 400 `unknown_host`. Ports do not count: proxies keep or drop them. With `dev_mode` every loopback name
    and address is ours."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.dev_mode = app, settings.dev_mode
        self.host = _name(urlsplit(settings.public_url).netloc)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ANYWHERE or self._ours(scope):
            await self.app(scope, receive, send)
        else:
            await JSONResponse({"code": "unknown_host"}, 400)(scope, receive, send)

    def _ours(self, scope: Scope) -> bool:
        name = _name(next((value.decode("latin-1") for key, value in scope["headers"] if key == b"host"), ""))
        return name == self.host or (self.dev_mode and is_loopback(name))


def _name(host: str) -> str:
    """Without its port: `app.example.com:443` → `app.example.com`, `[::1]:80` → `::1`."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower().removesuffix(".")
