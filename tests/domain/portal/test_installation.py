"""When an installation is over, and when that is asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from b24app.domain.portal.installation import Verdict, Word, ask_again_at, verdict

NOW = datetime(2026, 10, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], Verdict.UNPROVEN),
        ([Word.REFUSED], Verdict.REMOVED),
        ([Word.REFUSED, Word.REFUSED], Verdict.REMOVED),
        ([Word.REFUSED, Word.WORKS], Verdict.INSTALLED),
        ([Word.SILENT, Word.WORKS], Verdict.INSTALLED),
        ([Word.REFUSED, Word.SILENT], Verdict.ASK_AGAIN),
    ],
)
def test_a_removal_ends_every_token_so_one_that_works_refutes_it(words: list[Word], found: Verdict) -> None:
    assert verdict(words) is found


@pytest.mark.parametrize(("waited", "wait"), [(0, 15), (20, 20), (600, 600), (90_000, 3600)])
def test_who_could_not_be_asked_is_asked_again_by_growing_waits(waited: int, wait: int) -> None:
    assert ask_again_at(NOW - timedelta(seconds=waited), NOW) == NOW + timedelta(seconds=wait)
