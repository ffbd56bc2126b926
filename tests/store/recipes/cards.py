"""Queries of the cards' room."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.cards.store import aliases, customers, export_rows, failures, imports, records, requisites, retention, scans
from b24app.cards.store.customers import Role
from b24app.cards.store.export_rows import PublicId
from b24app.cards.store.failures import Rehearsed, RuleFailure
from b24app.cards.store.imports import ImportStep
from b24app.domain.cards.drift import Drift, ScanTrigger, Scope
from b24app.domain.cards.facts import Kind, RequisiteId, RequisiteKind, Subject
from b24app.domain.cards.records import Known, Record
from tests.store.recipes.recipe import DIRECTORY, LONG, Recipes
from tests.store.rich import Owned


async def _started_anew(db: AsyncConnection, portal_id: int, owned: Owned) -> None:
    await imports.restart(db, portal_id)
    await imports.start(db, portal_id, {Kind.CONTACT: 7, Kind.COMPANY: None}, owned.now)


async def _written_again(db: AsyncConnection, portal_id: int, owned: Owned) -> None:
    """Of a card that did not store what was written."""
    vain = Record({"check": False}, {"check": False}, {"check": True}, owned.now)
    await records.settle(db, portal_id, owned.subject, vain, owned.now)
    await records.write_again(db, portal_id, [owned.subject])


async def _put_back(db: AsyncConnection, portal_id: int, owned: Owned) -> None:
    """A file knew the person by another id, and an alias of theirs."""
    alias = PublicId(uuid4(), replace(owned.subject, id=10**6), owned.subject)
    filed = [PublicId(uuid4(), owned.subject), alias]
    await export_rows.put_back(db, portal_id, Role.CUSTOMER, filed, owned.now)


RECIPES = Recipes(
    queries={
        "cards.export_rows.after": lambda db, p, o: export_rows.after(db, p, Role.CUSTOMER, ("", 0, UUID(int=0)), 9),
        "cards.customers.cards_of": lambda db, p, o: customers.cards_of(db, p, Role.CUSTOMER, o.customer_id),
        "cards.customers.ensure": lambda db, p, o: customers.ensure(db, p, [Subject(Kind.CONTACT, 10**6)], o.now),
        "cards.customers.former_ids_of": lambda db, p, o: customers.former_ids_of(db, p, [o.subject]),
        "cards.customers.go_on": lambda db, p, o: customers.go_on(db, p, o.namesake, o.subject, o.now),
        "cards.customers.ids_of": lambda db, p, o: customers.ids_of(db, p, [o.subject, o.company], o.now),
        "cards.export_rows.judged_by": lambda db, p, o: export_rows.judged_by(
            db, p, Role.CUSTOMER, [PublicId(o.customer_id, o.subject)]
        ),
        "cards.export_rows.put_back": _put_back,
        "cards.customers.resolve": lambda db, p, o: customers.resolve(db, p, Role.CUSTOMER, o.customer_id),
        "cards.imports.advance": lambda db, p, o: imports.advance(
            db, p, Kind.CONTACT, uuid4(), ImportStep(10**6, 10**6, 1.0), o.now
        ),
        "cards.imports.changes_from": lambda db, p, o: imports.changes_from(db, p, Kind.CONTACT),
        "cards.imports.finish": lambda db, p, o: imports.finish(db, p, Kind.CONTACT, o.reader, o.now),
        "cards.imports.hold": lambda db, p, o: imports.hold(db, p, Kind.CONTACT, uuid4(), o.now + LONG),
        "cards.imports.looked": lambda db, p, o: imports.looked(db, p, Kind.CONTACT, o.now + LONG),
        "cards.imports.progress": lambda db, p, o: imports.progress(db, p),
        "cards.imports.release": lambda db, p, o: imports.release(db, p, o.reader),
        "cards.imports.restart": lambda db, p, o: imports.restart(db, p),
        "cards.imports.start": _started_anew,
        "cards.aliases.around": lambda db, p, o: aliases.around(db, p, {o.gone, o.subject}),
        "cards.aliases.found": lambda db, p, o: aliases.found(db, p, o.subject, replace(o.subject, id=7), o.now),
        "cards.aliases.owed_by": lambda db, p, o: aliases.owed_by(db, p, "verification"),
        "cards.aliases.passed_on": lambda db, p, o: aliases.passed_on(db, p, o.gone, o.subject, (), o.now),
        "cards.aliases.successors": lambda db, p, o: aliases.successors(db, p, [o.gone]),
        "cards.failures.clear": lambda db, p, o: failures.clear(db, p, [(o.subject, "verification")]),
        "cards.failures.load": lambda db, p, o: failures.load(db, p, [o.subject]),
        "cards.failures.rehearse": lambda db, p, o: failures.rehearse(
            db, p, [Rehearsed("verification", o.company, o.now)]
        ),
        "cards.failures.save": lambda db, p, o: failures.save(
            db, p, [RuleFailure(o.company, "verification", 1, "CallRefused", o.now)]
        ),
        "cards.records.add_new": lambda db, p, o: records.add_new(
            db, p, [replace(o.card, subject=Subject(Kind.CONTACT, 10**6))], frozenset({"check"}), o.now
        ),
        "cards.records.behind": lambda db, p, o: records.behind(db, p, "verification"),
        "cards.records.ids_between": lambda db, p, o: records.ids_between(db, p, Kind.CONTACT, 0, None, 9, "closed"),
        "cards.records.load": lambda db, p, o: records.load(db, p, [o.subject, o.company]),
        "cards.records.lost": lambda db, p, o: records.lost(db, p, Kind.CONTACT, [o.lost], o.now - LONG),
        "cards.records.save": lambda db, p, o: records.save(db, p, [Known(o.subject, Record({}))], o.now),
        "cards.records.see_facts": lambda db, p, o: records.see_facts(
            db, p, [replace(o.card, facts={"stageId": "NEW"})]
        ),
        "cards.records.settle": lambda db, p, o: records.settle(db, p, o.subject, Record({"check": True}), o.now),
        "cards.records.take_up": lambda db, p, o: records.take_up(
            db, p, [replace(o.card, values={"late": 1})], frozenset({"late"})
        ),
        "cards.records.ticked": lambda db, p, o: records.ticked(db, p, Kind.CONTACT, [o.subject.id], "check"),
        "cards.records.write_again": _written_again,
        "cards.requisites.add_new": lambda db, p, o: requisites.add_new(
            db, p, [replace(o.requisite, subject=RequisiteId(RequisiteKind.REQUISITE, 10**6))], o.now
        ),
        "cards.requisites.between": lambda db, p, o: requisites.between(db, p, 0, None),
        "cards.requisites.former_owners": lambda db, p, o: requisites.former_owners(db, p, [o.went]),
        "cards.requisites.load": lambda db, p, o: requisites.load(db, p, [o.requisite.subject]),
        "cards.requisites.mark_deleted": lambda db, p, o: requisites.mark_deleted(db, p, [o.requisite.subject], o.now),
        "cards.requisites.requisites_of": lambda db, p, o: requisites.requisites_of(db, p, [o.requisite.owner]),
        "cards.requisites.save": lambda db, p, o: requisites.save(
            db, p, [replace(o.requisite, inn="7700000000")], o.now
        ),
        "cards.requisites.went_with": lambda db, p, o: requisites.went_with(
            db, p, list(Kind), o.now - timedelta(days=30), 9
        ),
        "cards.retention.delete_customer_aliases": lambda db, p, o: retention.delete_customer_aliases(
            db, p, o.now + LONG
        ),
        "cards.retention.delete_person_aliases": lambda db, p, o: retention.delete_person_aliases(db, p, o.now + LONG),
        "cards.retention.delete_records": lambda db, p, o: retention.delete_records(db, p, o.now + LONG),
        "cards.retention.delete_rehearsed": lambda db, p, o: retention.delete_rehearsed(db, p, o.now + LONG),
        "cards.retention.delete_requisites": lambda db, p, o: retention.delete_requisites(db, p, o.now + LONG),
        "cards.retention.delete_scans": lambda db, p, o: retention.delete_scans(db, p, o.now + LONG),
        "cards.scans.advance": lambda db, p, o: scans.advance(db, p, o.look, Kind.CONTACT, 7, 1, {Drift.NEW: 1}),
        "cards.scans.begin": lambda db, p, o: scans.begin(db, p, Scope.ALL, ScanTrigger.CLOCK, o.now),
        "cards.scans.drop": lambda db, p, o: scans.drop(db, p, o.look),
        "cards.scans.finish": lambda db, p, o: scans.finish(db, p, o.look, o.now),
        "cards.scans.newest": lambda db, p, o: scans.newest(db, p),
        "cards.scans.unfinished": lambda db, p, o: scans.unfinished(db, p, Scope.ALL),
    },
    elsewhere={
        "cards.scans.totals": DIRECTORY,
    },
    all_of_it={"cards.imports.hold", "cards.imports.progress"},
    new_rows={
        "cards.aliases.passed_on",
        "cards.failures.rehearse",
        "cards.failures.save",
        "cards.customers.ensure",
        "cards.customers.go_on",
        "cards.customers.ids_of",
        "cards.export_rows.put_back",
        "cards.imports.start",
        "cards.records.add_new",
        "cards.requisites.add_new",
        "cards.scans.begin",
    },
)
