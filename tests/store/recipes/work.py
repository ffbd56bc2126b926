"""Queries of the machine."""

from __future__ import annotations

from cryptography.fernet import Fernet

from b24app.domain.work.arrivals import Arrival, Source
from b24app.lanes import Lane
from b24app.vault import Vault
from b24app.work.store import failures, inbox, retention
from tests.store.recipes.recipe import INDEX, LONG, Recipes

VAULT = Vault((Fernet.generate_key().decode(),))

RECIPES = Recipes(
    queries={
        "work.failures.close": lambda db, p, o: failures.close(db, p, o.now, [o.failed]),
        "work.failures.listing": lambda db, p, o: failures.listing(db, p),
        "work.failures.retry": lambda db, p, o: failures.retry(db, p, o.now),
        "work.inbox.count": lambda db, p, o: inbox.count(db, p, "failed"),
        "work.inbox.failed": lambda db, p, o: inbox.failed(db, p, [o.waiting], "CallRefused", o.now),
        "work.inbox.forget_tokens": lambda db, p, o: inbox.forget_tokens(db, p, o.now + LONG),
        "work.inbox.given_up": lambda db, p, o: inbox.given_up(db, p, [o.subject, o.company], "CallRefused"),
        "work.inbox.handled": lambda db, p, o: inbox.handled(db, p, [o.waiting], o.now),
        "work.inbox.on_their_way": lambda db, p, o: inbox.on_their_way(db, p, [o.subject, o.company]),
        "work.inbox.pulse": lambda db, p, o: inbox.pulse(db, p),
        "work.inbox.receive": lambda db, p, o: inbox.receive(
            db, VAULT, p, [Arrival(Source.EVENT, "ONCRMCONTACTUPDATE", o.subject, 1, "{}")], Lane.BULK, o.now
        ),
        "work.inbox.tokens_of": lambda db, p, o: inbox.tokens_of(db, p, [o.waiting]),
        "work.inbox.waiting": lambda db, p, o: inbox.waiting(db, p, [o.subject, o.company]),
        "work.retention.delete_handled": lambda db, p, o: retention.delete_handled(db, p, o.now + LONG),
        "work.retention.delete_tokens": lambda db, p, o: retention.delete_tokens(db, p, o.now + LONG),
    },
    elsewhere={
        "work.index.adopt_files": INDEX,
        "work.index.arrive": INDEX,
        "work.index.ask": INDEX,
        "work.index.chores_due": INDEX,
        "work.index.claim": INDEX,
        "work.index.claim_chore": INDEX,
        "work.index.depths": INDEX,
        "work.index.drop": INDEX,
        "work.index.finish": INDEX,
        "work.index.keep_chores": INDEX,
        "work.index.make_due": INDEX,
        "work.index.postpone": INDEX,
        "work.index.renew": INDEX,
        "work.index.waiting": INDEX,
    },
    all_of_it={"work.inbox.pulse"},
)
