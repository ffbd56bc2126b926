"""Real servers for everybody: PostgreSQL and Redis per test process, migrated once."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import AsyncAdaptedQueuePool

from b24app.asgi import OURS, Doors
from b24app.demo import servers
from b24app.features import PRODUCT
from b24app.logs import set_up_logs
from b24app.manifest import Manifest, Quiet, read_manifest
from b24app.plug import Product
from b24app.settings import ROOT
from b24app.store.schema import migrate
from tests.databases import close_engines, empty, engine_of
from tests.matrix import chosen
from tests.stamp.product import VERSIONS
from tests.world import World, open_world

COLLECTED = pytest.StashKey[list[pytest.Item]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="every combination of every matrix: tests/matrix.py")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Combinations that `make test` leaves to `make test-all` go, unless a test is named by its own id."""
    config.stash[COLLECTED] = list(items)
    if config.option.all or any("::" in path for path in config.args):
        return
    kept = chosen(items)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """What went wrong inside the app stands in the test's captured output, one line each."""
    set_up_logs(logging.WARNING)


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="session")
def postgres(data_dir: Path) -> Iterator[servers.Postgres]:
    """A migrated database; the app's own role is bound by row-level security, as in production."""
    with servers.postgres(data_dir, durable=False) as server:
        migrate(server.url(servers.OWNER), server.url(), VERSIONS)
        yield server


@pytest.fixture(scope="session")
def redis_url(data_dir: Path) -> Iterator[str]:
    with servers.redis(data_dir) as url:
        yield url


@pytest.fixture(scope="session")
def manifest() -> Manifest:
    """Without quiet hours: stories begin whenever they are run. Those about them bring their own."""
    return read_manifest(ROOT / "app.yaml").model_copy(update={"quiet": Quiet(from_hour=0, to_hour=0)})


@pytest.fixture(scope="session")
def product() -> Product:
    return PRODUCT


@pytest.fixture(scope="session")
def doors() -> Doors:
    return OURS


@pytest.fixture(scope="session")
async def engines() -> AsyncIterator[None]:
    yield
    await close_engines()


@pytest.fixture
async def clean_database(postgres: servers.Postgres, engines: None) -> AsyncIterator[servers.Postgres]:
    """Every table empty before the test, and no connection still in use after it."""
    await empty(postgres)
    yield postgres
    pool = engine_of(postgres).pool
    assert isinstance(pool, AsyncAdaptedQueuePool)
    assert pool.checkedout() == 0


@pytest.fixture
async def world(
    clean_database: servers.Postgres, redis_url: str, manifest: Manifest, product: Product, doors: Doors
) -> AsyncIterator[World]:
    """A portal, the app, a client app's receiver; the app is not installed yet."""
    async with open_world(clean_database, redis_url, manifest, product=product, doors=doors) as opened:
        yield opened
        await opened.assert_nothing_left()
