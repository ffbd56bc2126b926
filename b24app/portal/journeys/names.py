"""What employees are called: kept for an hour, asked of the portal with the reader's own token."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from redis.exceptions import RedisError

from b24app.bitrix24.people import names
from b24app.domain.portal.portal import Portal
from b24app.errors import PortalError
from b24app.portal.journeys.person_client import person_client
from b24app.resources import Resources

LASTS = 3600  # seconds


async def names_of(resources: Resources, portal: Portal, token: str, users: Collection[int]) -> Mapping[int, str]:
    """Names by user id, those that can be had: names are no reason to fail."""
    known = await _kept(resources, portal.id, users)
    unknown = sorted(set(users) - known.keys())
    if not unknown:
        return known
    try:
        found = await names(person_client(resources, portal, portal.endpoint, token), unknown)
    except PortalError:
        return known
    await _keep(resources, portal.id, found)
    return {**known, **found}


async def _kept(resources: Resources, portal_id: int, users: Collection[int]) -> dict[int, str]:
    ordered = sorted(set(users))
    if not ordered:
        return {}
    try:
        found = await resources.redis.mget([f"user-name:{portal_id}:{user}" for user in ordered])
    except RedisError:
        return {}
    texts = [value.decode() if isinstance(value, bytes) else value for value in found]
    return {user: name for user, name in zip(ordered, texts, strict=True) if name}


async def _keep(resources: Resources, portal_id: int, found: Mapping[int, str]) -> None:
    try:
        for user, name in found.items():
            await resources.redis.set(f"user-name:{portal_id}:{user}", name, ex=LASTS)
    except RedisError:
        return
