"""Run the named benches, or all; print a table; keep `bench/results.json`. A missed bar is a figure, not a failure."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import structlog
from cryptography.fernet import Fernet

from b24app.demo import servers
from b24app.manifest import read_manifest
from b24app.settings import ROOT, Settings
from b24app.store.schema import migrate
from bench import budget, card, deliver, importing, ingest, lanes, latency, memory, read_calls, settle
from bench.figures import Bench, Figure, Ground, keep, table

BENCHES: Mapping[str, Bench] = {
    "budget": budget.run,
    "card": card.run,
    "deliver": deliver.run,
    "import": importing.run,
    "ingest": ingest.run,
    "lanes": lanes.run,
    "latency": latency.run,
    "memory": memory.run,
    "read_calls": read_calls.run,
    "settle": settle.run,
}


def main(names: list[str]) -> int:
    unknown = set(names) - set(BENCHES)
    if unknown:
        print(f"No such bench: {', '.join(sorted(unknown))}. There are: {', '.join(BENCHES)}.")
        return 2
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    figures: list[Figure] = []
    for name in names or BENCHES:
        print(f"{name} …", flush=True)
        with _ground() as ground:
            figures += asyncio.run(BENCHES[name](ground))
    keep(figures)
    print(table(figures))
    return 0


@contextmanager
def _ground() -> Iterator[Ground]:
    """Fresh servers for each bench, so that none inherits another's rows."""
    with tempfile.TemporaryDirectory(prefix="b24-bench-") as folder:
        Path(folder).chmod(0o755)
        with servers.postgres(Path(folder)) as server, servers.redis(Path(folder)) as redis_url:
            migrate(server.url(servers.OWNER), server.url())
            settings = Settings(
                client_id="app.bench",
                client_secret="not-a-real-secret",
                public_url="http://127.0.0.1:8000",
                secret_keys=(Fernet.generate_key().decode(),),
                auth_servers=("http://127.0.0.4:8004",),
                database_url=server.url(),
                database_owner_url=server.url(servers.OWNER),
                redis_url=redis_url,
                data_dir=Path(folder),
                manifest=ROOT / "app.yaml",
                dev_mode=True,
            )
            yield Ground(settings, read_manifest(settings.manifest), server)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
