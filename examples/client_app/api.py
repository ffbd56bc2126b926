"""The client API as this program uses it: one method per call, problem details as exceptions."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import aiohttp


class ApiRefused(Exception):
    """The API said no. `code` is stable; `detail` is for people, in the language we asked for."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code, self.detail = status, code, detail


class ApiAway(Exception):
    """No answer: try later."""


class ClientApi:
    """Calls with one key. Raises `ApiRefused` and `ApiAway`."""

    def __init__(self, http: aiohttp.ClientSession, base: str, key: str, lang: str = "ru") -> None:
        self._http, self._base = http, base
        self._headers = {"Authorization": f"Bearer {key}", "Accept-Language": lang}

    async def me(self) -> dict[str, Any]:
        found: dict[str, Any] = await self._call("GET", "/me")
        return found

    async def endpoints(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._call("GET", "/endpoints"))["data"]
        return found

    async def endpoint(self, id_: str) -> dict[str, Any]:
        found: dict[str, Any] = await self._call("GET", f"/endpoints/{id_}")
        return found

    async def register(self, url: str, description: str) -> dict[str, Any]:
        """The endpoint with its secret. Safe to repeat after a lost answer, thanks to the idempotency key."""
        body = {"url": url, "event_types": [], "description": description}
        key = uuid4().hex
        try:
            found: dict[str, Any] = await self._call("POST", "/endpoints", body, key)
        except ApiAway:
            found = await self._call("POST", "/endpoints", body, key)
        return found

    async def enable(self, id_: str) -> dict[str, Any]:
        found: dict[str, Any] = await self._call("PATCH", f"/endpoints/{id_}", {"enabled": True})
        return found

    async def rotate_secret(self, id_: str) -> dict[str, Any]:
        found: dict[str, Any] = await self._call("POST", f"/endpoints/{id_}/rotate-secret")
        return found

    async def missed(self, id_: str, after: int) -> list[dict[str, Any]]:
        """Every event after a sequence number, oldest first."""
        found: list[dict[str, Any]] = []
        while True:
            page = await self._call("GET", f"/endpoints/{id_}/events?after={after}&limit=200")
            found += page["data"]
            if not page["has_more"]:
                return found
            after = found[-1]["sequence"]

    async def memberships(self) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """All of them, and how fresh the last page is: {"as_of", "stale"}."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = await self._call("GET", f"/memberships?limit=200{cursor and '&cursor=' + cursor}")
            found += page["data"]
            if page["next"] is None:
                return found, {"as_of": page["as_of"], "stale": page["stale"]}
            cursor = page["next"]

    async def membership(self, id_: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self._call("GET", f"/memberships/{id_}"))["data"]
        return found

    async def _call(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        headers = self._headers | ({"Idempotency-Key": key} if key else {})
        try:
            async with self._http.request(method, self._base + path, json=body, headers=headers) as answer:
                found = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise ApiAway from error
        if answer.status >= 400:
            raise ApiRefused(answer.status, found.get("code", ""), found.get("detail", ""))
        return found
