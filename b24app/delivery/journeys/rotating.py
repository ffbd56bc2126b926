"""A client app rotates the secret of an endpoint. For a day the old secret signs beside the new one."""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import UUID

from b24app.delivery import webhooks
from b24app.delivery.journeys.endpoints import WithSecret, owned
from b24app.delivery.journeys.once import Keep, unkept
from b24app.delivery.store import endpoints
from b24app.delivery.store.endpoints import OldSecret
from b24app.domain.portal.portal import Portal
from b24app.errors import Refused
from b24app.resources import Resources

OLD_SECRET_SIGNS = timedelta(hours=24)
OLD_SECRETS = 10  # per endpoint, at most


async def rotate_secret(
    resources: Resources, portal: Portal, app_id: UUID, endpoint_id: UUID, keep: Keep[WithSecret] = unkept
) -> WithSecret:
    """A new secret; the old one signs beside it for 24 hours. Raises `Refused` `not_found`, `too_many_secrets`."""
    secret, now = webhooks.new_secret(secrets.token_bytes(webhooks.SECRET_BYTES)), resources.now()
    async with resources.tenant(portal.id) as db:
        before = await owned(db, portal, app_id, endpoint_id, lock=True)
        signing = [old_secret for old_secret in before.old_secrets if old_secret.until > now]
        if len(signing) >= OLD_SECRETS:
            until = min(old_secret.until for old_secret in signing)
            raise Refused("too_many_secrets", 409, {"limit": OLD_SECRETS, "until": until.isoformat()})
        old_secrets = [OldSecret(before.secret, now + OLD_SECRET_SIGNS), *signing]
        await endpoints.keep_old_secrets(db, portal.id, endpoint_id, resources.vault.seal(secret), old_secrets, now)
        rotated = WithSecret(await owned(db, portal, app_id, endpoint_id), secret)
        await keep(db, rotated)
    return rotated
