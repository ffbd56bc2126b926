"""A REST request taken apart, by settings/how-to-call-rest-api/general-principles.md and data-encoding.md."""

import json
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from emulator import php


@dataclass(frozen=True, slots=True)
class Asked:
    """A request taken apart. `webhook` = (user id, secret) for `/rest/<uid>/<secret>/<method>`."""

    method: str
    params: dict[str, Any]
    bearer: str | None
    webhook: tuple[int, str] | None
    secure: bool


async def take_apart(request: Request) -> Asked:
    """Path, merged parameters (the body wins), token. Nothing here is refused yet."""
    method, webhook = _path(request.path_params["path"])
    params = php.parse_form(request.url.query)
    if request.method == "POST":
        params |= _body(await request.body(), request.headers.get("content-type", ""))
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else None
    return Asked(method, params, bearer, webhook, request.url.scheme == "https")


def _path(path: str) -> tuple[str, tuple[int, str] | None]:
    parts = path.strip("/").split("/")
    name = parts[-1].lower()
    name = name.removesuffix(".json")
    if len(parts) == 3 and parts[0].isdigit():
        return name, (int(parts[0]), parts[1])
    return name if len(parts) == 1 else "/".join(parts).lower(), None


def _body(raw: bytes, content_type: str) -> dict[str, Any]:
    text = raw.decode("utf-8", "replace").strip()
    if "json" not in content_type:
        return php.parse_form(text)
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    if isinstance(found, list):
        return {str(index): item for index, item in enumerate(found)}
    return found if isinstance(found, dict) else {}
