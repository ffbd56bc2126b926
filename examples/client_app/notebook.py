"""What must outlive a restart: the connection (key, endpoint, secret) and the webhooks heard, as JSON lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Notebook:
    """Two files in a folder that only we may read."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._connection, self._heard = folder / "connection.json", folder / "heard.jsonl"

    def connection(self) -> dict[str, Any]:
        """{"key", "endpoint", "secret"}, or nothing yet."""
        if not self._connection.exists():
            return {}
        found: dict[str, Any] = json.loads(self._connection.read_text(encoding="utf-8"))
        return found

    def keep_connection(self, connection: dict[str, Any]) -> None:
        self._connection.touch(mode=0o600)
        self._connection.write_text(json.dumps(connection), encoding="utf-8")

    def heard(self) -> list[dict[str, Any]]:
        """Oldest first. A line cut off by a crash is left out: its webhook was not acknowledged."""
        if not self._heard.exists():
            return []
        found = []
        for line in self._heard.read_text(encoding="utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def keep_heard(self, event: dict[str, Any]) -> None:
        self._heard.touch(mode=0o600)
        with self._heard.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event, ensure_ascii=False) + "\n")

    def forget(self) -> None:
        """Another portal's news is none of ours."""
        for file in (self._connection, self._heard):
            file.unlink(missing_ok=True)
