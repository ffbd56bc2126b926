"""Queries of the verification room."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.desk import Looking
from b24app.domain.verification.history import past_decision
from b24app.domain.verification.launch import Choice, Phase, Step
from b24app.domain.verification.membership import Membership, State
from b24app.domain.verification.succession import Move
from b24app.verification.store import (
    card_tab,
    client_view,
    desk,
    export_rows,
    history,
    intents,
    launches,
    memberships,
    put_backs,
    retention,
)
from tests.store.recipes.recipe import LONG, Recipes

RECIPES = Recipes(
    queries={
        "verification.card_tab.awaited": lambda db, p, o: card_tab.awaited(
            db, p, o.subject, [o.membership.id], o.begun
        ),
        "verification.card_tab.history": lambda db, p, o: card_tab.history(db, p, [o.membership.id]),
        "verification.card_tab.lost_namesakes": lambda db, p, o: card_tab.lost_namesakes(
            db, p, o.namesake, o.now - LONG
        ),
        "verification.card_tab.members": lambda db, p, o: card_tab.members(db, p, o.company),
        "verification.client_view.last_seen": lambda db, p, o: client_view.last_seen(db, p),
        "verification.client_view.one": lambda db, p, o: client_view.one(db, p, o.membership.id),
        "verification.client_view.page": lambda db, p, o: client_view.page(
            db, p, client_view.MembershipFilter(), None, 50
        ),
        "verification.client_view.unread_since": lambda db, p, o: client_view.unread_since(db, p),
        "verification.desk.count": lambda db, p, o: desk.count(db, p, Looking(1), 1000),
        "verification.desk.rows": lambda db, p, o: desk.rows(db, p, Looking(1), None, 25),
        "verification.export_rows.current_states": lambda db, p, o: export_rows.current_states(
            db, p, [(o.subject.id, o.company.id)]
        ),
        "verification.export_rows.decided": lambda db, p, o: export_rows.decided(db, p, [o.membership.id]),
        "verification.export_rows.decisions_after": lambda db, p, o: export_rows.decisions_after(
            db, p, (UUID(int=0), 0), 50
        ),
        "verification.export_rows.memberships_after": lambda db, p, o: export_rows.memberships_after(
            db, p, (0, -1), 50
        ),
        "verification.export_rows.put_back": lambda db, p, o: export_rows.put_back(
            db, p, [(o.membership, replace(o.membership, note="theirs"))], o.now
        ),
        "verification.history.add": lambda db, p, o: history.add(
            db, p, [past_decision(replace(o.membership, id=uuid4()), None)]
        ),
        "verification.history.name": lambda db, p, o: history.name(
            db, p, o.subject, {o.membership.decided_by or 0: "Вера"}
        ),
        "verification.history.newest": lambda db, p, o: history.newest(db, p, [o.membership.id]),
        "verification.history.unnamed": lambda db, p, o: history.unnamed(db, p, o.subject),
        "verification.intents.close": lambda db, p, o: intents.close(db, p, [o.stated.id], []),
        "verification.intents.drop_stated": lambda db, p, o: intents.drop_stated(db, p, o.now),
        "verification.intents.pressed": lambda db, p, o: intents.pressed(db, p, [o.subject]),
        "verification.intents.prove": lambda db, p, o: intents.prove(db, p, [o.stated.id]),
        "verification.intents.state": lambda db, p, o: intents.state(db, p, o.subject, [replace(o.stated, id=uuid4())]),
        "verification.intents.withdraw": lambda db, p, o: intents.withdraw(db, p, [o.stated.id]),
        "verification.launches.advance": lambda db, p, o: launches.advance(db, p, o.launch, 10**6, 1),
        "verification.launches.begin": lambda db, p, o: _begin(db, p, o.launch, o.now),
        "verification.launches.call_back": lambda db, p, o: launches.call_back(db, p, o.launch.id),
        "verification.launches.change": lambda db, p, o: launches.change(db, p, o.launch.id, author_name="theirs"),
        "verification.launches.clients": lambda db, p, o: launches.clients(db, p),
        "verification.launches.close": lambda db, p, o: launches.close(db, p, [o.order]),
        "verification.launches.due": lambda db, p, o: launches.due(db, p, [o.order.membership_id]),
        "verification.launches.fail": lambda db, p, o: launches.fail(db, p, o.subject.id),
        "verification.launches.forget_clients": lambda db, p, o: launches.forget_clients(db, p),
        "verification.launches.hand_out": lambda db, p, o: launches.hand_out(
            db, p, o.launch.id, Step.PLANNED, Step.DUE, 200
        ),
        "verification.launches.keep_clients": lambda db, p, o: launches.keep_clients(db, p, [10**6], [10**6], o.now),
        "verification.launches.newest": lambda db, p, o: launches.newest(db, p),
        "verification.launches.numbers": lambda db, p, o: launches.numbers(db, p),
        "verification.launches.outstanding": lambda db, p, o: launches.outstanding(db, p, o.launch.id),
        "verification.launches.pass_over": lambda db, p, o: launches.pass_over(db, p, o.launch.id),
        "verification.launches.pause": lambda db, p, o: launches.pause(db, p),
        "verification.launches.plan": lambda db, p, o: launches.plan(db, p, uuid4(), Choice.NOBODY),
        "verification.launches.progress": lambda db, p, o: launches.progress(db, p, o.launch.id),
        "verification.launches.sample": lambda db, p, o: launches.sample(db, p, Choice.NOBODY),
        "verification.memberships.add_first_seen": lambda db, p, o: memberships.add_first_seen(
            db, p, [replace(o.membership, id=uuid4(), contact_id=10**6 + 1)], o.now
        ),
        "verification.memberships.add_new": lambda db, p, o: memberships.add_new(
            db, p, [replace(o.membership, id=uuid4(), contact_id=10**6)], o.now
        ),
        "verification.memberships.contacts_of": lambda db, p, o: memberships.contacts_of(db, p, [o.membership.id]),
        "verification.memberships.decided_subjects": lambda db, p, o: memberships.decided_subjects(db, p),
        "verification.memberships.lately_decided": lambda db, p, o: memberships.lately_decided(db, p, o.now - LONG),
        "verification.memberships.move": lambda db, p, o: _move(db, p, o.membership, o.now),
        "verification.memberships.of_subjects": lambda db, p, o: memberships.of_subjects(db, p, [o.subject, o.company]),
        "verification.memberships.save": lambda db, p, o: memberships.save(
            db, p, [replace(o.membership, state=State.REFUSED, version=o.membership.version + 1)], o.now
        ),
        "verification.memberships.suspended_before": lambda db, p, o: memberships.suspended_before(db, p, o.now),
        "verification.memberships.tell": lambda db, p, o: memberships.tell(db, p, [o.membership]),
        "verification.memberships.untold": lambda db, p, o: memberships.untold(db, p, [o.subject]),
        "verification.memberships.waiting_in": lambda db, p, o: memberships.waiting_in(db, p, [o.company.id]),
        "verification.put_backs.attempt": lambda db, p, o: put_backs.attempt(db, p, [o.company], o.now),
        "verification.put_backs.decide": lambda db, p, o: put_backs.decide(db, p, [o.company], o.now),
        "verification.put_backs.forget": lambda db, p, o: put_backs.forget(db, p, [o.subject]),
        "verification.put_backs.load": lambda db, p, o: put_backs.load(db, p, [o.subject]),
        "verification.put_backs.show": lambda db, p, o: put_backs.show(db, p, [o.company], o.now),
        "verification.retention.delete_deal_clients": lambda db, p, o: retention.delete_deal_clients(
            db, p, o.now + LONG
        ),
        "verification.retention.delete_intents": lambda db, p, o: retention.delete_intents(db, p, o.now + LONG),
        "verification.retention.delete_launch_people": lambda db, p, o: retention.delete_launch_people(
            db, p, o.now + LONG
        ),
    },
    all_of_it={"verification.launches.newest"},
    new_rows={
        "verification.launches.begin",
        "verification.launches.keep_clients",
        "verification.memberships.add_first_seen",
        "verification.memberships.add_new",
        "verification.history.add",
        "verification.put_backs.decide",
    },
)


async def _begin(db: AsyncConnection, portal_id: int, under_way: launches.Launch, now: datetime) -> None:
    await launches.change(db, portal_id, under_way.id, phase=Phase.DONE.value)
    await launches.begin(db, portal_id, uuid4(), now)


async def _move(db: AsyncConnection, portal_id: int, one: Membership, now: datetime) -> None:
    after = replace(one, company_id=10**6, version=one.version + 1)
    with suppress(memberships.Overtaken):  # nothing was found to be moved
        await memberships.move(db, portal_id, [Move(one, after)], now)
