"""b24app serve | worker | tick | migrate | doctor | keys | client-app | failures | calls | export | restore | demo:
commands of one deployment."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet

from b24app.cli import files, processes
from b24app.cli.calls import show_calls, span
from b24app.cli.client_apps import add_client_app
from b24app.cli.doctor import doctor
from b24app.cli.failures import show_failures
from b24app.manifest import WrongManifest, read_manifest
from b24app.settings import Settings, WrongSettings, read_settings
from b24app.store.schema import WrongRole, migrate
from b24app.work.wake import GENERAL


def main(arguments: Sequence[str]) -> int:
    """The exit code; problems with the environment are printed, one line each, and are exit code 2."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except (WrongSettings, WrongManifest, WrongRole) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="b24app", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    serve = commands.add_parser("serve", help="answer portals, people and client apps")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8080)
    serve.set_defaults(run=lambda options: processes.serve(_settings(), options.host, options.port))

    worker = commands.add_parser(
        "worker", help="do the work; one of `interactive` alone, one of `erasing` as the owner"
    )
    worker.add_argument("queues", nargs="*", default=[*GENERAL])
    worker.set_defaults(run=lambda options: processes.worker(_settings(), options.queues))

    tick = commands.add_parser("tick", help="wake what is due; exactly one process of it")
    tick.set_defaults(run=lambda options: processes.tick(_settings()))

    migrator = commands.add_parser("migrate", help="bring the database up to date, as its owner")
    migrator.set_defaults(run=lambda options: _migrate(_settings()))

    keys = commands.add_parser("keys", help="print a new key for B24APP_SECRET_KEYS: put it first, keep the old ones")
    keys.set_defaults(run=lambda options: print(Fernet.generate_key().decode()))

    check = commands.add_parser("doctor", help="check the environment and what it points at")
    check.add_argument("--portal", help="member id or domain: check its connection as well, there and back")
    check.add_argument("--record", type=Path, metavar="FILE", help="write what it answers, shapes and no values")
    check.add_argument("--with-test-card", action="store_true", help="write, read back and delete one contact as well")
    check.set_defaults(run=lambda options: _doctor(check, options))

    client_app = commands.add_parser("client-app", help="client apps of a portal")
    actions = client_app.add_subparsers(required=True, metavar="action")
    add = actions.add_parser("add", help="let a client app in; prints its key once")
    add.add_argument("--portal", required=True, help="member id or domain")
    add.add_argument("--name", required=True)
    add.add_argument("--origin", action="append", default=[], help="web origin that may call the API")
    add.set_defaults(run=lambda o: asyncio.run(add_client_app(_settings(), o.portal, o.name, o.origin)))

    failures = commands.add_parser("failures", help="changes of a portal that were given up: list, retry or close them")
    failures.add_argument("ids", nargs="*", type=int, metavar="ID", help="only these rows")
    failures.add_argument("--portal", required=True, help="member id or domain")
    what = failures.add_mutually_exclusive_group()
    what.add_argument("--retry", action="store_true", help="let them wait again, due now")
    what.add_argument("--close", action="store_true", help="nothing more is to be done; they go after 30 days")
    failures.set_defaults(
        run=lambda o: asyncio.run(show_failures(_settings(), o.portal, o.ids, retry=o.retry, close=o.close))
    )

    calls = commands.add_parser("calls", help="requests made to a portal, as kept for a week")
    calls.add_argument("--portal", required=True, help="member id or domain")
    calls.add_argument("--errors", action="store_true", help="only those that did not go well")
    calls.add_argument("--since", type=span, default=span("1h"), metavar="SPAN", help="90m, 6h, 2d; an hour by default")
    calls.set_defaults(run=lambda o: asyncio.run(show_calls(_settings(), o.portal, o.since, errors=o.errors)))

    taken = commands.add_parser("export", help="write a portal's export file to the standard output")
    taken.add_argument("--portal", required=True, help="member id or domain")
    taken.set_defaults(run=lambda o: asyncio.run(files.take_out(_settings(), o.portal)))

    back = commands.add_parser("restore", help="say what an export file would bring back; with --yes bring it back")
    back.add_argument("--portal", required=True, help="member id or domain")
    back.add_argument("--yes", action="store_true", help="do it")
    back.add_argument("file", type=Path)
    back.set_defaults(run=lambda o: asyncio.run(files.bring_back(_settings(), o.portal, o.file, do_it=o.yes)))

    show = commands.add_parser("demo", help="the whole product on loopback, with an emulated portal")
    show.add_argument("--check", action="store_true", help="tell the demo's story without a person and exit")
    show.add_argument("--fresh", action="store_true", help="forget what an earlier demo has kept")
    show.add_argument("--logs", action="store_true", help="show the logs here; they go to a file otherwise")
    show.set_defaults(run=lambda options: _demo(check=options.check, fresh=options.fresh, logs=options.logs))

    return parser


def _doctor(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    if (options.record and not options.portal) or (options.with_test_card and not options.record):
        parser.error("--record needs --portal, --with-test-card needs --record")
    if options.record and (problem := _unwritable(options.record)):
        parser.error(f"--record {options.record}: {problem}")
    return doctor(os.environ, options.portal, options.record, with_test_card=options.with_test_card)


def _unwritable(file: Path) -> str:
    """Why nothing can be written there, "" where it can; known before a portal is asked for minutes."""
    if file.is_dir():
        return "that is a folder"
    if not file.parent.is_dir():
        return "there is no such folder"
    return "" if os.access(file if file.exists() else file.parent, os.W_OK) else "it may not be written"


def _settings() -> Settings:
    return read_settings(os.environ)


def _migrate(settings: Settings) -> None:
    read_manifest(settings.manifest)
    migrate(settings.database_owner_url, settings.database_url)


def _demo(*, check: bool, fresh: bool, logs: bool) -> int:
    from b24app.demo.demo import demo  # its servers are installed where the demo runs only

    return demo(check=check, fresh=fresh, logs=logs)
