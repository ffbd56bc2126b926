"""Comments in a card's timeline.

Pages: api-reference/crm/timeline/comments/crm-timeline-comment-add.md (the key `fields` in lower case only),
crm-timeline-comment-list.md. A comment has no key by which it could be sent twice and stand there once: whoever may
have sent one looks first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from b24app.bitrix24 import values
from b24app.bitrix24.client import Command, Outcome, PortalClient
from b24app.domain.cards.facts import Subject

ADD, LIST = "crm.timeline.comment.add", "crm.timeline.comment.list"
LONGEST = 2_000  # characters of a comment that are compared


async def comment(client: PortalClient, texts: Mapping[Subject, str]) -> Mapping[Subject, Outcome]:
    """One comment each, by the token's owner."""
    commands = [
        Command(ADD, {"fields": {**_card(subject), "COMMENT": said}}, write=True) for subject, said in texts.items()
    ]
    return dict(zip(texts, await client.batch(commands), strict=True))


async def standing(client: PortalClient, texts: Mapping[Subject, str]) -> set[Subject]:
    """Cards of whose newest fifty comments one has these words. Raises the PortalErrors."""
    outcomes = await client.batch([_newest(subject) for subject in texts])
    return {subject for (subject, said), outcome in zip(texts.items(), outcomes, strict=True) if said in _said(outcome)}


def _newest(subject: Subject) -> Command:
    return Command(LIST, {"filter": _card(subject), "select": ["ID", "COMMENT"], "order": {"ID": "DESC"}})


def _said(outcome: Outcome) -> Sequence[str]:
    return [values.text(row.get("COMMENT"), LONGEST) for row in values.rows(outcome.value())]


def _card(subject: Subject) -> dict[str, object]:
    return {"ENTITY_TYPE": subject.kind.value, "ENTITY_ID": subject.id}
