"""What compose.yaml grants to whom: no engine is needed to read it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from b24app.settings import ROOT
from b24app.work.wake import GENERAL

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
LASTING = sorted(name for name, one in SERVICES.items() if one.get("restart") == "unless-stopped")


def test_only_who_erases_or_changes_tables_knows_their_owner() -> None:
    """Row-level security does not bind the owner: whoever calls strangers' addresses must not be it."""
    knows = {name for name, one in SERVICES.items() if "B24APP_DATABASE_OWNER_URL" in one.get("environment", {})}
    assert knows == {"eraser", "migrate", "doctor"}
    assert SERVICES["eraser"]["command"] == ["worker", "erasing"]


def test_a_general_worker_does_not_erase() -> None:
    assert SERVICES["worker"]["command"] == ["worker"]
    assert "erasing" not in GENERAL


@pytest.mark.parametrize("name", LASTING)
def test_each_lasting_container_is_bounded(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]


def test_redis_wants_a_password() -> None:
    assert "requirepass ${REDIS_PASSWORD" in COMPOSE["configs"]["redis"]["content"]
    assert SERVICES["serve"]["environment"]["B24APP_REDIS_URL"].startswith("redis://:${REDIS_PASSWORD")
