"""The Push & Pull server's long polling: GET /sub/?CHANNEL_ID=a/b&mid=…, held until something is sent.

Page: settings/interactivity/custom-push-and-pull-client.md; a message stands between #!NGINXNMS!# and #!NGINXNME!#,
an empty wait ends with 304 and the number of the last message.
"""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.crm.dates import iso
from emulator.model.portal import Portal
from emulator.model.pull import Message

HOLD = 25.0
HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Last-Message-Id, Expires",
    "Cache-Control": "no-store",
}


def pull_route() -> Route:
    return Route("/sub/", _listen, methods=["GET"])


async def _listen(request: Request) -> Response:
    portal: Portal = request.state.portal
    ids, mid = request.query_params.get("CHANNEL_ID", "").split("/"), request.query_params.get("mid", "")
    after = int(mid) if mid.isdecimal() else None
    found = await portal.pull.listen(ids, after, HOLD)
    if not found:
        gone = {"Expires": "Thu, 01 Jan 1973 11:11:01 GMT", "Last-Message-Id": str(portal.pull.last)}
        return Response(status_code=304, headers=HEADERS | gone)
    text = "".join(f"#!NGINXNMS!#{json.dumps(_shown(one))}#!NGINXNME!#" for one in found)
    return Response(text, headers=HEADERS | {"Last-Message-Id": str(found[-1].id)}, media_type="text/plain")


def _shown(one: Message) -> dict[str, Any]:
    extra = {"server_time": iso(one.at), "server_time_unix": one.at.timestamp(), "server_name": "", "revision_web": 19}
    text = {"module_id": one.module, "command": one.command, "params": one.params, "extra": extra}
    return {"id": one.id, "mid": str(one.id), "tag": "", "time": iso(one.at), "text": text}
