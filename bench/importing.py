"""`import`: rows a second of the first read of a portal of 200,000 companies and 250,000 contacts, against reading the
same rows and doing nothing with them. `import_memory`: the worker's peak, against one that reads a tenth of it.

Portal, web process and worker are processes of their own; each portal is read by a worker that has done nothing else.
The plan is Enterprise, whose bucket holds the whole read: what is compared is our own work, not the portal's limit.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter

import aiohttp

from b24app.assembly import open_resources
from b24app.bitrix24.cards import READERS, select
from b24app.cards.store import imports
from b24app.lanes import Lane
from b24app.portal.journeys.fields import field_map
from b24app.portal.journeys.tokens import admin_client
from b24app.resources import Resources
from b24app.settings import Settings, as_environment
from bench.figures import Better, Figure, Ground
from bench.parties import answers, child, emulator_config, free, imported, install, known, post, until

COMPANIES, CONTACTS, TENTH, LONGEST = 200_000, 250_000, 10, 1200.0


@dataclass(frozen=True, slots=True)
class Stage:
    """Everybody but the worker. `hosts`: of the portals, by name."""

    settings: Settings
    resources: Resources
    http: aiohttp.ClientSession
    hosts: dict[str, str]
    code: str


@dataclass(frozen=True, slots=True)
class Read:
    """One first read: rows, how many a second, and the worker's peak in MiB."""

    rows: int
    speed: float
    peak: float


async def run(ground: Ground) -> list[Figure]:
    async with staged(ground) as stage:
        small = await _import(stage, "small", COMPANIES // TENTH, CONTACTS // TENTH)
        large = await _import(stage, "large", COMPANIES, CONTACTS)
        alone = await _read_alone(stage, "large")
    print(f"  {large.rows} rows, peak {large.peak:.0f} MiB; {small.rows} rows, peak {small.peak:.0f} MiB")
    return [
        Figure("import", large.speed, alone, "rows/s", 0.5, Better.HIGHER),
        Figure("import_memory", large.peak, small.peak, "MiB, peak", 1.2, Better.LOWER),
    ]


async def _import(stage: Stage, name: str, companies: int, contacts: int) -> Read:
    host = stage.hosts[name]
    await post(
        stage.http, f"http://{host}/_control/grow", {"portal": name, "companies": companies, "contacts": contacts}
    )
    await install(stage.http, f"http://{host}/_control", name, stage.code)
    with child(["b24app", "worker", "chores"], dict(os.environ) | as_environment(stage.settings)) as worker:
        await until(partial(imported, stage.resources, host), LONGEST)
        held = peak(worker.pid)
    portal = await known(stage.resources, host)
    async with stage.resources.tenant(portal.id) as db:
        parts = await imports.progress(db, portal.id)
    rows, began = sum(one.read for one in parts), min(one.started_at for one in parts)
    assert rows == companies + contacts, rows
    assert portal.imported_at
    return Read(rows, rows / (portal.imported_at - began).total_seconds(), held)


async def _read_alone(stage: Stage, name: str) -> float:
    """Rows a second of the bare chained reader, with the fields an import asks for."""
    portal = await known(stage.resources, stage.hosts[name])
    await stage.resources.redis.delete(*await stage.resources.redis.keys("b24app:bucket:*"))
    client, rows, began = admin_client(stage.resources, portal, Lane.BULK), 0, perf_counter()
    fields = field_map(stage.resources.manifest, portal)
    for kind in fields.kinds:
        pages = client.chain(
            "crm.item.list",
            filter={},
            select=select(kind, fields),
            id_field="id",
            rows="items",
            extra={"entityTypeId": READERS[kind].entity_type},
        )
        async for page in pages:
            rows += len(page)
    return rows / (perf_counter() - began)


def peak(pid: int) -> float:
    """MiB a living process has held at most (proc(5): VmHWM, in kB)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(client for client in status.splitlines() if client.startswith("VmHWM")).split()[1]) / 1024


@asynccontextmanager
async def staged(ground: Ground) -> AsyncIterator[Stage]:
    app, small, large, auth = free("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
    settings = replace(ground.settings, public_url=f"http://{app}", auth_servers=(f"http://{auth}",))
    hosts, path = {"small": small, "large": large}, settings.data_dir / "emulator.json"
    path.write_text(json.dumps(emulator_config(ground, app, auth, hosts, plan="enterprise")), encoding="utf-8")
    host, _, port = app.partition(":")
    async with AsyncExitStack() as stack:
        serving = ["b24app", "serve", "--host", host, "--port", port]
        for command in (["emulator", "--config", str(path)], serving, ["b24app", "tick"]):
            stack.enter_context(child(command, dict(os.environ) | as_environment(settings)))
        resources = await stack.enter_async_context(open_resources(settings, ground.manifest))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        await until(partial(answers, http, f"http://{small}/_control/state"))
        await until(partial(answers, http, f"{settings.public_url}/readyz"))
        yield Stage(settings, resources, http, hosts, ground.manifest.code)
