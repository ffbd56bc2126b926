"""`POST /test-receiver/<id>`: where the test receiver of a portal gets its webhooks, as a client app gets its own."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from b24app.delivery.journeys import receiver


async def receive(request: Request) -> Response:
    """204 for what was signed with the endpoint's secret, else 4xx with a stable code; then nothing was stored."""
    await receiver.receive(request.state.resources, request.path_params["id"], request.headers, await request.body())
    return Response(status_code=204)
