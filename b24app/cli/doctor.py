"""`b24app doctor`: look at everything the environment names, say what is wrong and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from b24app.cli.doctor_portal import check_portal
from b24app.cli.doctor_record import record_portal
from b24app.domain.portal.installation import PortalState
from b24app.manifest import WrongManifest, read_manifest
from b24app.portal.store import portals
from b24app.settings import Settings, Vendor, WrongSettings, read_settings
from b24app.store.engine import open_engine
from b24app.store.schema import WrongRole, pending_migrations, reads_only, refuse_strong_role
from b24app.work.store import index

GRACE = timedelta(hours=2)  # an erasing waits for its worker, and takes a while with much data


def doctor(
    environ: Mapping[str, str], portal: str | None = None, record: Path | None = None, *, with_test_card: bool = False
) -> int:
    """One line per finding; exit code 0 only where nothing is wrong. `portal`: its connection too, once the
    environment is in order; `record`: and what it answers, into this file; `with_test_card`: to a write as well."""
    try:
        settings = read_settings(environ)
    except WrongSettings as error:
        for problem in error.problems:
            print(f"✗ {problem}")
        return 1
    problems = asyncio.run(_look(settings))
    for problem in problems:
        print(f"✗ {problem}")
    if unsaid := _unsaid(settings.vendor):
        print(f"! {', '.join(unsaid)}: not set, so /support, /privacy and /licence name nobody who helps or answers")
    if not problems:
        print("✓ environment, app.yaml, database, roles, migrations and Redis are as they should be")
    if problems or portal is None:
        return 1 if problems else 0
    checked = asyncio.run(check_portal(settings, portal))
    if record is None:
        return checked
    return max(checked, asyncio.run(record_portal(settings, portal, record, with_test_card=with_test_card)))


def _unsaid(vendor: Vendor) -> list[str]:
    said = {"NAME": vendor.name, "ADDRESS": vendor.address, "MAIL": vendor.mail, "HOURS": vendor.hours}
    return [f"B24APP_VENDOR_{name}" for name, text in said.items() if not text]


async def _look(settings: Settings) -> list[str]:
    problems = []
    try:
        read_manifest(settings.manifest)
    except WrongManifest as error:
        problems.append(str(error))
    try:
        await refuse_strong_role(settings.database_url)
        if await _reads_only(settings.database_url):
            problems.append("B24APP_DATABASE_URL names a database that only reads: a standby?")
        if await pending_migrations(settings.database_owner_url):
            problems.append("The database is behind: run `b24app migrate`.")
        elif overdue := await _not_erased(settings):
            problems.append(f"{overdue} removed portals should have been erased: does `b24app worker erasing` run?")
    except WrongRole as error:
        problems.append(str(error))
    except (SQLAlchemyError, OSError) as error:
        problems.append(f"B24APP_DATABASE_URL does not answer ({type(error).__name__}): is PostgreSQL running?")
    redis = Redis.from_url(settings.redis_url, socket_connect_timeout=2)
    try:
        await redis.set("b24app:ready", 1, ex=60)
    except (RedisConnectionError, OSError) as error:
        problems.append(f"B24APP_REDIS_URL does not answer ({type(error).__name__}): is Redis running?")
    except RedisError as error:
        problems.append(f"B24APP_REDIS_URL cannot be written ({type(error).__name__}): a replica, or full?")
    finally:
        await redis.aclose()
    return problems


async def _not_erased(settings: Settings) -> int:
    """Removed portals whose rows should have gone more than `GRACE` ago."""
    engine = open_engine(settings.database_url)
    try:
        async with engine.connect() as db:
            waiting = [(portals.ERASE, state) for state in PortalState]
            return len(await index.chores_due(db, waiting, datetime.now(UTC) - GRACE))
    finally:
        await engine.dispose()


async def _reads_only(url: str) -> bool:
    engine = open_engine(url)
    try:
        async with engine.connect() as db:
            return await reads_only(db)
    finally:
        await engine.dispose()
