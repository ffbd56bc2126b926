"""The desk that every story of a delivery is told at."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from b24app.demo import servers
from b24app.manifest import Manifest
from tests.outside import Desk, open_desk


@pytest.fixture
async def desk(clean_database: servers.Postgres, redis_url: str, manifest: Manifest) -> AsyncIterator[Desk]:
    async with open_desk(clean_database, redis_url, manifest) as opened:
        yield opened
