"""`/frame/export…`, `/frame/restore…`: an administrator takes the portal's data out, and brings it back.

The right is proven with the person's own token for each step that reads or changes anything; the parts of an upload go
to whoever has begun it.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import structlog
from starlette.responses import Response, StreamingResponse

from b24app.errors import Refused
from b24app.export.journeys import exporting, restoring, weekly
from b24app.portal.journeys.pages import admins_only, portal_of
from placements.frame import Call, FrameCall
from placements.settings import settings_page

log = structlog.get_logger()


async def export(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    await exporting.ask(call.resources, call.viewer.portal_id, call.viewer.user_id)
    return await settings_page(call)


async def download(call: Call) -> Response:
    await admins_only(call.resources, call.viewer, call.token)
    portal = await portal_of(call.resources, call.viewer.portal_id)
    found = await exporting.take(call.resources, portal.id, call.viewer)
    log.info("export_downloaded", portal=portal.id, user=call.viewer.user_id, export=str(found.id))
    headers = {
        "Content-Disposition": f'attachment; filename="{exporting.file_name(portal, found)}"',
        "Content-Length": str(found.bytes),
        "Cache-Control": "no-store",
    }
    stream = exporting.stream(call.resources, portal.id, found)
    return StreamingResponse(stream, media_type="application/gzip", headers=headers)


async def weekly_address(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    secret = await weekly.set_target(call.resources, call.viewer.portal_id, call.text("url").strip(), call.viewer)
    log.info("weekly_export_aimed", portal=call.viewer.portal_id, user=call.viewer.user_id)
    return await settings_page(call, export=secret)


async def weekly_now(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    await weekly.send_now(call.resources, call.viewer.portal_id)
    return await settings_page(call)


async def weekly_stop(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    await weekly.stop(call.resources, call.viewer.portal_id, call.viewer)
    log.info("weekly_export_stopped", portal=call.viewer.portal_id, user=call.viewer.user_id)
    return await settings_page(call)


async def restore(call: Call) -> dict[str, Any]:
    """An upload begins."""
    await admins_only(call.resources, call.viewer, call.token)
    return {"restore": str(await restoring.begin(call.resources, call.viewer.portal_id, call.viewer.user_id))}


async def restore_part(call: Call) -> dict[str, Any]:
    number = call.body.get("number")
    if not isinstance(number, int):
        raise Refused("bad_parameter", 422, {"name": "number"})
    viewer = call.viewer
    await restoring.receive(
        call.resources, viewer.portal_id, viewer.user_id, call.id("restore"), number, _bytes(call, "data")
    )
    return {"received": number}


async def restore_examine(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    await restoring.examine(call.resources, call.viewer.portal_id, call.id("restore"))
    return await settings_page(call)


async def restore_apply(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    await restoring.apply(call.resources, call.viewer.portal_id, call.id("restore"), call.viewer)
    log.info("restore_confirmed", portal=call.viewer.portal_id, user=call.viewer.user_id)
    return await settings_page(call)


async def restore_forget(call: Call) -> dict[str, Any]:
    await admins_only(call.resources, call.viewer, call.token)
    await restoring.forget(call.resources, call.viewer.portal_id, call.id("restore"))
    return await settings_page(call)


def _bytes(call: Call, name: str) -> bytes:
    try:
        return b64decode(call.text(name), validate=True)
    except ValueError:
        raise Refused("bad_parameter", 422, {"name": name}) from None


CALLS: dict[str, FrameCall] = {
    "/frame/export": export,
    "/frame/export/file": download,
    "/frame/export/weekly": weekly_address,
    "/frame/export/weekly/now": weekly_now,
    "/frame/export/weekly/stop": weekly_stop,
    "/frame/restore": restore,
    "/frame/restore/part": restore_part,
    "/frame/restore/examine": restore_examine,
    "/frame/restore/apply": restore_apply,
    "/frame/restore/forget": restore_forget,
}
