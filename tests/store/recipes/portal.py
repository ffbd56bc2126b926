"""Queries of the portal's room."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from b24app.domain.portal.card_layout import LayoutKey, layout_state
from b24app.portal.store import card_layouts, journal, notices, portal_calls, retention, tokens, viewer_sessions
from b24app.portal.store.card_layouts import Addition
from b24app.portal.store.journal import Changed
from b24app.portal.store.portal_calls import PortalCall
from b24app.portal.store.viewer_sessions import Session
from tests.store.recipes.recipe import DIRECTORY, LONG, Recipes

VIEW = LayoutKey("company")

RECIPES = Recipes(
    queries={
        "portal.card_layouts.close": lambda db, p, o: card_layouts.close(db, p, VIEW, o.now),
        "portal.card_layouts.listing": lambda db, p, o: card_layouts.listing(db, p),
        "portal.card_layouts.remember": lambda db, p, o: card_layouts.remember(
            db, p, VIEW, Addition([], [], 1, "Анна", o.now)
        ),
        "portal.card_layouts.see": lambda db, p, o: card_layouts.see(db, p, {VIEW: layout_state((), ())}, o.now),
        "portal.journal.newest": lambda db, p, o: journal.newest(db, p, 50),
        "portal.journal.write": lambda db, p, o: journal.write(
            db, p, o.viewer, Changed(feature="delivery", action="key_renewed"), o.now
        ),
        "portal.notices.forget": lambda db, p, o: notices.forget(db, p, [replace(o.notice, key="over")]),
        "portal.notices.load": lambda db, p, o: notices.load(db, p, [(o.notice.key, o.notice.user_id)]),
        "portal.notices.of_case": lambda db, p, o: notices.of_case(db, p, o.notice.key),
        "portal.notices.say": lambda db, p, o: notices.say(db, p, [o.notice]),
        "portal.notices.want": lambda db, p, o: notices.want(db, p, [replace(o.notice, text="theirs")], o.now),
        "portal.portal_calls.listing": lambda db, p, o: portal_calls.listing(
            db, p, o.now - LONG, errors=False, limit=50
        ),
        "portal.portal_calls.save": lambda db, p, o: portal_calls.save(
            db, p, [PortalCall(o.now, "bulk", "profile", "ok", "", 200, 9)]
        ),
        "portal.retention.delete_calls": lambda db, p, o: retention.delete_calls(db, p, o.now + LONG),
        "portal.retention.delete_journal": lambda db, p, o: retention.delete_journal(db, p, o.now + LONG),
        "portal.retention.delete_notices": lambda db, p, o: retention.delete_notices(db, p, o.now + LONG),
        "portal.retention.delete_sessions": lambda db, p, o: retention.delete_sessions(db, p, o.now + LONG),
        "portal.tokens.bury": lambda db, p, o: tokens.bury(db, p, o.pair.user_id, o.pair.access),
        "portal.tokens.claim_refresh": lambda db, p, o: tokens.claim_refresh(db, p, o.pair, uuid4(), o.now),
        "portal.tokens.erase": lambda db, p, o: tokens.erase(db, p),
        "portal.tokens.every": lambda db, p, o: tokens.every(db, p),
        "portal.tokens.living": lambda db, p, o: tokens.living(db, p),
        "portal.tokens.release": lambda db, p, o: tokens.release(db, p, o.pair.user_id, o.refreshing),
        "portal.tokens.replace": lambda db, p, o: tokens.replace(db, p, o.pair, b"theirs", b"theirs", o.now, o.now),
        "portal.tokens.save": lambda db, p, o: tokens.save(db, p, o.pair.user_id, b"theirs", b"theirs", o.now, o.now),
        "portal.viewer_sessions.add": lambda db, p, o: viewer_sessions.add(
            db, replace(o.viewer, portal_id=p, session_id=uuid4()), b"theirs"
        ),
        "portal.viewer_sessions.ask_from": lambda db, p, o: viewer_sessions.ask_from(
            db, Session(replace(o.viewer, portal_id=p), b"", None), o.now
        ),
        "portal.viewer_sessions.change": lambda db, p, o: viewer_sessions.change(
            db, replace(o.viewer, portal_id=p, is_admin=False), asks_from=o.now
        ),
        "portal.viewer_sessions.end": lambda db, p, o: viewer_sessions.end(db, p, o.viewer.session_id),
        "portal.viewer_sessions.end_all": lambda db, p, o: viewer_sessions.end_all(db, p),
        "portal.viewer_sessions.load": lambda db, p, o: viewer_sessions.load(db, p, o.viewer.session_id),
        "portal.viewer_sessions.renew": lambda db, p, o: viewer_sessions.renew(
            db, replace(o.viewer, portal_id=p), b"theirs", o.now
        ),
    },
    elsewhere={
        "portal.departures.finish": DIRECTORY,
        "portal.departures.last": DIRECTORY,
        "portal.departures.note": DIRECTORY,
        "portal.portals.erasable_at": DIRECTORY,
        "portal.portals.keep_owed": DIRECTORY,
        "portal.portals.removal_due": DIRECTORY,
        "portal.portals.ask_sweep": DIRECTORY,
        "portal.portals.by_domain": DIRECTORY,
        "portal.portals.by_id": DIRECTORY,
        "portal.portals.by_member": DIRECTORY,
        "portal.portals.call_off": DIRECTORY,
        "portal.portals.change": DIRECTORY,
        "portal.portals.change_report": DIRECTORY,
        "portal.portals.count_by_state": DIRECTORY,
        "portal.portals.enter": DIRECTORY,
        "portal.portals.leave": DIRECTORY,
        "portal.portals.move": DIRECTORY,
        "portal.portals.part": DIRECTORY,
        "portal.portals.remember": DIRECTORY,
        "portal.portals.say_removed": DIRECTORY,
        "portal.portals.settle_removal": DIRECTORY,
        "portal.portals.suspect_removal": DIRECTORY,
        "portal.portals.take_removal": DIRECTORY,
        "portal.retention.tidy": "runs what it is handed: each has a recipe",
    },
    as_owner={"portal.retention.erase": "a chore of the owner, whom no wall binds: a whole portal goes"},
    all_of_it={
        "portal.card_layouts.listing",
        "portal.portal_calls.listing",
        "portal.retention.delete_calls",
        "portal.retention.delete_notices",
        "portal.retention.delete_sessions",
        "portal.tokens.every",
        "portal.tokens.living",
    },
    new_rows={"portal.card_layouts.see", "portal.notices.want"},
)
