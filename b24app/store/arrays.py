"""Many rows in one parameter each: how arrays are handed to statements.

A statement made once with arrays is one text whatever their length: it is neither built nor planned again.
"""

from __future__ import annotations

from collections.abc import Collection

from b24app.domain.cards.facts import Subject


def unnest(**arrays: str) -> str:
    """`unnest` of array parameters, typed in SQL: SQLAlchemy's own array types look at every element, which costs."""
    return f"unnest({', '.join(f'CAST(:{name} AS {kind}[])' for name, kind in arrays.items())})"


def among(kind: str, id: str) -> str:
    """A condition: these columns name one of the cards of `named`."""
    return f"({kind}, {id}) IN (SELECT * FROM {unnest(kinds='text', ids='bigint')})"  # noqa: S608 - names of ours


def named(cards: Collection[Subject]) -> dict[str, list[str] | list[int]]:
    """The parameters of `among`."""
    return {"kinds": [one.kind.value for one in cards], "ids": [one.id for one in cards]}
