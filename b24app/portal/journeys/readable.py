"""Which cards somebody may read, by the portal's own answer to their own token."""

from __future__ import annotations

from collections.abc import Collection

from redis.exceptions import RedisError

from b24app.bitrix24.cards import read_cards
from b24app.domain.cards.facts import Subject
from b24app.domain.portal.portal import Portal
from b24app.domain.portal.viewer import Viewer
from b24app.errors import AccessDenied
from b24app.portal.journeys.fields import field_map
from b24app.portal.journeys.person_client import person_client
from b24app.resources import Resources

BELIEVED = 60  # seconds
YES, NO = b"1", b"0"


async def readable(
    resources: Resources, portal: Portal, viewer: Viewer, token: str, subjects: Collection[Subject]
) -> set[Subject]:
    """Those of these cards that the viewer may read; administrators may read all.

    Asked once in `BELIEVED`, all in one request. Raises the PortalErrors.
    """
    if viewer.is_admin or not subjects:
        return set(subjects)
    wanted = sorted(set(subjects))
    keys = [f"may-read:{portal.id}:{viewer.user_id}:{one}" for one in wanted]
    known = dict(zip(wanted, await _known(resources, keys), strict=True))
    unknown = [one for one, answer in known.items() if answer not in (YES, NO)]
    if unknown:
        client = person_client(resources, portal, portal.endpoint, token)
        try:
            shown = set((await read_cards(client, unknown, field_map(resources.manifest, portal))).found)
        except AccessDenied:
            shown = set()
        known |= {one: YES if one in shown else NO for one in unknown}
        await _keep(resources, {f"may-read:{portal.id}:{viewer.user_id}:{one}": known[one] for one in unknown})
    return {one for one, answer in known.items() if answer == YES}


async def _known(resources: Resources, keys: list[str]) -> list[bytes | None]:
    try:
        return [value.encode() if isinstance(value, str) else value for value in await resources.redis.mget(keys)]
    except RedisError:
        return [None] * len(keys)


async def _keep(resources: Resources, answers: dict[str, bytes | None]) -> None:
    try:
        async with resources.redis.pipeline(transaction=False) as pipe:
            for key, answer in answers.items():
                pipe.set(key, answer or NO, ex=BELIEVED)
            await pipe.execute()
    except RedisError:
        return
