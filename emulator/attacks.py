"""More attacks on an app, in which nearly everything is true: replays, former tokens, people without rights,
a portal that is none. Beside the forgeries of `emulator.forge`.
"""

import secrets
from collections.abc import Callable, Mapping

from emulator import php
from emulator.crm.entities import Entity
from emulator.forge import EVENTS, OPENS, Forged, forge
from emulator.model.event_auth import reduced_auth
from emulator.model.installs import Installation
from emulator.opening import open_form

NOTHING: Mapping[str, object] = {}


def attack(kind: str, victim: Installation, handler: str, other: Installation | None = None) -> Forged:
    """Make the request, of these kinds or of those of `forge`. Raises ValueError as `forge` does, and where there is
    nothing to replay."""
    return ATTACKS[kind](victim, handler) if kind in ATTACKS else forge(kind, victim, handler, other)


def kinds() -> list[str]:
    """Names of all attacks."""
    return [*OPENS, *EVENTS, *ATTACKS]


def _open_expired(victim: Installation, handler: str) -> Forged:
    """A real open, posted again when its token has run out."""
    form, auth = open_form(victim, victim.portal.admin(), handler=handler), victim.portal.world.auth
    grant = auth.access[dict(form.fields)["AUTH_ID"]]
    grant.expires = victim.portal.world.now()
    del auth.refresh[grant.refresh_token]
    return Forged(form.action, form.fields, "a captured open, posted again after its tokens ran out")


def _open_non_admin(victim: Installation, handler: str) -> Forged:
    """A real open by an employee; at the installer or at settings the app must not let them act."""
    found = [one for one in victim.portal.users.values() if one.active and not one.admin]
    if not found:
        raise ValueError("everybody here is an administrator")
    form = open_form(victim, found[0], handler=handler)
    return Forged(form.action, form.fields, f"all true, but user {found[0].id} is no administrator")


def _event_replayed(victim: Installation, handler: str) -> Forged:
    """The last event the portal delivered there, byte for byte again."""
    log = victim.portal.world.events.log
    last = next((one for one in reversed(log) if one.handler == handler), None)
    if last is None:
        raise ValueError("nothing was delivered there yet")
    return Forged(handler, last.form, f"{last.event} was delivered before")


def _signed(
    victim: Installation,
    handler: str,
    token: str | None,
    body: dict[str, object],
    why: str,
    more: Mapping[str, object] = NOTHING,
) -> Forged:
    auth = reduced_auth(victim) | ({} if token is None else {"application_token": token}) | dict(more)
    stamp = int(victim.portal.world.now().timestamp())
    return Forged(handler, php.form_pairs(body | {"ts": stamp, "auth": auth}), why)


def _event_former_token(victim: Installation, handler: str) -> Forged:
    """Signed with the application token of an earlier installation or version."""
    if not victim.former_tokens:
        raise ValueError("the application token has never changed")
    body: dict[str, object] = {"event": "ONCRMCONTACTUPDATE", "event_handler_id": 1, "data": {"FIELDS": {"ID": 1}}}
    return _signed(victim, handler, victim.former_tokens[-1], body, "the application token is a former one")


def _install_unknown(victim: Installation, handler: str) -> Forged:
    """An installation in a portal that is the attacker's own server, tokens and all."""
    server = "http://127.0.0.66:6666/rest/"
    auth = {"access_token": secrets.token_hex(35), "refresh_token": secrets.token_hex(35), "expires_in": 3600}
    auth |= {"domain": "127.0.0.66:6666", "server_endpoint": server, "client_endpoint": server, "status": "F"}
    auth |= {"member_id": secrets.token_hex(16), "application_token": secrets.token_hex(16), "scope": "crm"}
    data = {"VERSION": 1, "ACTIVE": "Y", "INSTALLED": "Y", "LANGUAGE_ID": "en"}
    stamp = int(victim.portal.world.now().timestamp())
    body = {"event": "ONAPPINSTALL", "event_handler_id": 1, "data": data, "ts": stamp, "auth": auth}
    return Forged(handler, php.form_pairs(body), "the portal is a server of the attacker")


def _uninstall_by_employee(victim: Installation, handler: str) -> Forged:
    """What an employee can post who has looked into the form by which their own browser opens the app."""
    fields = dict(_open_non_admin(victim, handler).form)
    token = fields.get("APPLICATION_TOKEN", victim.application_token)  # an old portal's form holds none
    body: dict[str, object] = {"event": "ONAPPUNINSTALL", "event_handler_id": 1}
    body |= {"data": {"LANGUAGE_ID": victim.portal.lang, "CLEAN": 1}}
    return _signed(victim, handler, token, body, "an employee's word for it, with the portal's own application token")


def _event_by_another(victim: Installation, handler: str) -> Forged:
    """An employee says that an administrator changed the contact that was added last."""
    contacts = victim.portal.crm.tables[Entity.CONTACT].ids or [1]
    body: dict[str, object] = {"event": "ONCRMCONTACTUPDATE", "event_handler_id": 1}
    body |= {"data": {"FIELDS": {"ID": contacts[-1]}}}
    boss = victim.portal.admin()
    why = f"the application token is real, user {boss.id} did nothing"
    return _signed(victim, handler, victim.application_token, body, why, {"user_id": boss.id})


def _payment_wrong_token(victim: Installation, handler: str) -> Forged:
    """The page's example has no application token (common/events/on-app-payment.md), this one a wrong one."""
    data = {"CODE": victim.app.code, "VERSION": victim.version, "STATUS": "S", "PAYMENT_EXPIRED": "Y", "DAYS": 0}
    body: dict[str, object] = {"event": "ONAPPPAYMENT", "event_handler_id": 1, "data": data}
    return _signed(victim, handler, secrets.token_hex(16), body, "a payment with a wrong application token")


def _robot(victim: Installation, handler: str, token: str | None, why: str) -> Forged:
    body: dict[str, object] = {"workflow_id": f"{secrets.token_hex(7)}.12345678", "code": "robot"}
    body |= {"document_id": ["crm", "CCrmDocumentDeal", "DEAL_1"], "document_type": ["crm", "CCrmDocumentDeal", "DEAL"]}
    body |= {"event_token": secrets.token_hex(32), "use_subscription": "Y", "timeout_duration": 0}
    return _signed(victim, handler, token, body, why)


def _robot_unsigned(victim: Installation, handler: str) -> Forged:
    return _robot(victim, handler, None, "a robot's call without an application token")


def _robot_wrong_token(victim: Installation, handler: str) -> Forged:
    return _robot(victim, handler, secrets.token_hex(16), "a robot's call with a wrong application token")


ATTACKS: dict[str, Callable[[Installation, str], Forged]] = {
    "open_expired": _open_expired,
    "open_non_admin": _open_non_admin,
    "event_replayed": _event_replayed,
    "event_former_token": _event_former_token,
    "event_by_another": _event_by_another,
    "uninstall_by_employee": _uninstall_by_employee,
    "payment_wrong_token": _payment_wrong_token,
    "install_unknown": _install_unknown,
    "robot_unsigned": _robot_unsigned,
    "robot_wrong_token": _robot_wrong_token,
}
