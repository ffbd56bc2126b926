"""Queries of the export room."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.export.store import exports, file_parts, restores, retention
from b24app.export.store.file_parts import FilePart
from tests.store.recipes.recipe import LONG, Recipes
from tests.store.rich import Owned


async def _made_export(db: AsyncConnection, portal_id: int, owned: Owned) -> int:
    await exports.change(db, portal_id, owned.export, state=exports.READY, finished_at=owned.now)
    return await retention.delete_exports(db, portal_id, owned.now + LONG)


RECIPES = Recipes(
    queries={
        "export.exports.begin": lambda db, p, o: exports.begin(db, p, uuid4(), exports.ASKED, o.now),
        "export.exports.change": lambda db, p, o: exports.change(db, p, o.export, state=exports.READY),
        "export.exports.change_target": lambda db, p, o: exports.change_target(
            db, p, "https://backup.example/", o.begun, {"tries": 7}
        ),
        "export.exports.drop": lambda db, p, o: exports.drop(db, p, exports.ASKED),
        "export.exports.drop_target": lambda db, p, o: exports.drop_target(db, p),
        "export.exports.newest": lambda db, p, o: exports.newest(db, p, exports.ASKED),
        "export.exports.one": lambda db, p, o: exports.one(db, p, o.export, lock=True),
        "export.exports.set_target": lambda db, p, o: exports.set_target(
            db, p, "https://else.example/", b"theirs", o.now
        ),
        "export.exports.target": lambda db, p, o: exports.target(db, p),
        "export.file_parts.drop": lambda db, p, o: file_parts.drop(db, p, o.export, ours=True),
        "export.file_parts.one": lambda db, p, o: file_parts.one(db, p, o.export, 0, ours=True),
        "export.file_parts.put": lambda db, p, o: file_parts.put(
            db, p, o.export, FilePart(1, "", b"theirs"), ours=True
        ),
        "export.file_parts.size": lambda db, p, o: file_parts.size(db, p, o.export, ours=True),
        "export.restores.begin": lambda db, p, o: restores.begin(db, p, uuid4(), 1, o.now),
        "export.restores.change": lambda db, p, o: restores.change(db, p, o.restore, state="checking"),
        "export.restores.drop": lambda db, p, o: restores.drop(db, p),
        "export.restores.newest": lambda db, p, o: restores.newest(db, p),
        "export.restores.one": lambda db, p, o: restores.one(db, p, o.restore, lock=True),
        "export.retention.delete_exports": _made_export,
        "export.retention.delete_restores": lambda db, p, o: retention.delete_restores(db, p, o.now + LONG),
    },
    new_rows={"export.file_parts.put"},
)
