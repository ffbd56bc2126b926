"""Attacks on an app: opens and events that a portal never sent. What the app answers tells whether it survived.

Kinds follow the emulator checklist: forged opens (another server's DOMAIN, another app's or portal's token, replayed
application token, missing member_id) and forged events (wrong, empty, missing application token, unknown tenant,
uninstall of a foreign tenant).
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from emulator import php
from emulator.model.event_auth import reduced_auth
from emulator.model.installs import Installation
from emulator.opening import open_form

Fields = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Forged:
    """A request ready to be posted, and why it is false."""

    url: str
    form: Fields
    why: str


def forge(kind: str, victim: Installation, handler: str, other: Installation | None = None) -> Forged:
    """Make the request. `other`: an installation in another portal or of another app, for borrowed tokens.

    Raises ValueError for an unknown kind, or where `other` is needed and missing.
    """
    if kind in OPENS:
        return OPENS[kind](victim, handler, other)
    if kind in EVENTS:
        return EVENTS[kind](victim, handler, other)
    raise ValueError(f"kind is one of {', '.join([*OPENS, *EVENTS])}")


def _open(victim: Installation, handler: str, changed: dict[str, str | None], why: str, domain: str = "") -> Forged:
    form = open_form(victim, victim.portal.admin(), handler=handler)
    url = form.action.replace(f"DOMAIN={_quoted(victim.portal.host)}", f"DOMAIN={_quoted(domain)}") if domain else ""
    fields = [(name, changed.get(name, value)) for name, value in form.fields]
    return Forged(url or form.action, [(name, value) for name, value in fields if value is not None], why)


def _quoted(host: str) -> str:
    return host.replace(":", "%3A")


def _needed(other: Installation | None) -> Installation:
    if other is None:
        raise ValueError("this kind needs `other`")
    return other


def _wrong_domain(victim: Installation, handler: str, other: Installation | None) -> Forged:
    return _open(victim, handler, {}, "DOMAIN names a server of the attacker", "127.0.0.66:6666")


def _foreign_domain(victim: Installation, handler: str, other: Installation | None) -> Forged:
    return _open(victim, handler, {}, "DOMAIN names another portal", _needed(other).portal.host)


def _foreign_token(victim: Installation, handler: str, other: Installation | None) -> Forged:
    theirs = _needed(other)
    grant = theirs.portal.world.auth.issue(theirs, theirs.portal.admin())
    changed: dict[str, str | None] = {"AUTH_ID": grant.access_token, "REFRESH_ID": grant.refresh_token}
    return _open(victim, handler, changed, "the token is of another portal or another app")


def _made_up_token(victim: Installation, handler: str, other: Installation | None) -> Forged:
    changed: dict[str, str | None] = {"AUTH_ID": secrets.token_hex(35), "REFRESH_ID": secrets.token_hex(35)}
    return _open(victim, handler, changed, "the token is made up, the application token is real")


def _foreign_member(victim: Installation, handler: str, other: Installation | None) -> Forged:
    return _open(victim, handler, {"member_id": _needed(other).portal.member_id}, "member_id is another tenant's")


def _no_member(victim: Installation, handler: str, other: Installation | None) -> Forged:
    return _open(victim, handler, {"member_id": None}, "member_id is missing")


def _no_token(victim: Installation, handler: str, other: Installation | None) -> Forged:
    return _open(victim, handler, {"AUTH_ID": "", "REFRESH_ID": ""}, "no token at all")


def _foreign_server(victim: Installation, handler: str, other: Installation | None) -> Forged:
    changed: dict[str, str | None] = {"SERVER_ENDPOINT": "http://127.0.0.66:6666/rest/"}
    return _open(victim, handler, changed, "SERVER_ENDPOINT names a server of the attacker")


def _event(victim: Installation, handler: str, changed: dict[str, str | None], why: str, name: str = "") -> Forged:
    auth = reduced_auth(victim) | {"application_token": victim.application_token} | changed
    clean = {key: value for key, value in auth.items() if value is not None}
    stamp = int(victim.portal.world.now().timestamp())
    data = {"LANGUAGE_ID": "ru", "CLEAN": 1} if name else {"FIELDS": {"ID": 1}}
    body = {"event": name or "ONCRMCONTACTUPDATE", "event_handler_id": 1, "data": data, "ts": stamp, "auth": clean}
    return Forged(handler, php.form_pairs(body), why)


def _event_wrong(victim: Installation, handler: str, other: Installation | None) -> Forged:
    return _event(victim, handler, {"application_token": secrets.token_hex(16)}, "wrong application token")


def _event_empty(victim: Installation, handler: str, other: Installation | None) -> Forged:
    return _event(victim, handler, {"application_token": ""}, "empty application token")


def _event_missing(victim: Installation, handler: str, other: Installation | None) -> Forged:
    return _event(victim, handler, {"application_token": None}, "no application token")


def _event_unknown(victim: Installation, handler: str, other: Installation | None) -> Forged:
    return _event(victim, handler, {"member_id": secrets.token_hex(16)}, "a tenant nobody knows")


def _event_foreign(victim: Installation, handler: str, other: Installation | None) -> Forged:
    member_id = _needed(other).portal.member_id
    return _event(victim, handler, {"member_id": member_id}, "another tenant's member_id with this one's token")


def _uninstall_foreign(victim: Installation, handler: str, other: Installation | None) -> Forged:
    changed: dict[str, str | None] = {"application_token": _needed(other).application_token}
    return _event(victim, handler, changed, "uninstall signed with another tenant's token", "ONAPPUNINSTALL")


def _uninstall_unsigned(victim: Installation, handler: str, other: Installation | None) -> Forged:
    return _event(victim, handler, {"application_token": None}, "uninstall without a token", "ONAPPUNINSTALL")


Maker = Callable[[Installation, str, Installation | None], Forged]
OPENS: dict[str, Maker] = {
    "open_wrong_domain": _wrong_domain,
    "open_foreign_domain": _foreign_domain,
    "open_foreign_token": _foreign_token,
    "open_made_up_token": _made_up_token,
    "open_foreign_member": _foreign_member,
    "open_no_member": _no_member,
    "open_no_token": _no_token,
    "open_foreign_server": _foreign_server,
}
EVENTS: dict[str, Maker] = {
    "event_wrong_token": _event_wrong,
    "event_empty_token": _event_empty,
    "event_missing_token": _event_missing,
    "event_unknown_member": _event_unknown,
    "event_foreign_member": _event_foreign,
    "uninstall_foreign": _uninstall_foreign,
    "uninstall_unsigned": _uninstall_unsigned,
}
