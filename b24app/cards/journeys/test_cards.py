"""Passing over the test card of `doctor --with-test-card`, whichever way the app comes upon it."""

from __future__ import annotations

import hmac
from collections.abc import Container

from b24app.domain.cards import test_card
from b24app.domain.cards.facts import Cards, Subject
from b24app.domain.export.signing import sign
from b24app.domain.portal.portal import Portal
from b24app.resources import Resources


def code_for(resources: Resources, portal: Portal, key: int = 0) -> str:
    """The end of its name at this portal, by the deployment's newest key or an earlier one."""
    keys = resources.settings.secret_keys[key:]
    return sign(keys, test_card.PURPOSE, portal.member_id.encode()).mac[: test_card.CODE]


def is_test(resources: Resources, portal: Portal, title: str) -> bool:
    code = test_card.code_in(title)
    keys = range(len(resources.settings.secret_keys)) if code else ()
    return any(hmac.compare_digest(code_for(resources, portal, key).encode(), code.encode()) for key in keys)


def passed_over(resources: Resources, portal: Portal, cards: Cards, known: Container[Subject]) -> Cards:
    """Without test cards; one that is known is a client's, whatever somebody called it."""
    ours = [one for one, card in cards.found.items() if one not in known and is_test(resources, portal, card.title)]
    return cards if not ours else Cards({one: cards.found[one] for one in cards.found if one not in ours}, cards.odd)
