"""The boundary: what a portal may write, and the value that comes of it."""

from datetime import UTC, datetime

import pytest

from b24app.bitrix24 import values
from b24app.bitrix24.values import LONGEST_TEXT

HUGE = 10**300


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Ада", "Ада"),
        ("Ил\0ья", "Илья"),
        ("\ud83dАда\ude00", "Ада"),
        ("Ада 😀", "Ада 😀"),
        ("\0", ""),
        (7, "7"),
        (7.5, "7.5"),
        (None, ""),
        (False, ""),
        (True, ""),
        ([], ""),
        ({"a": 1}, ""),
        (HUGE, ""),
        ("я" * 2 * LONGEST_TEXT, "я" * LONGEST_TEXT),
    ],
)
def test_a_text_is_one_that_can_be_stored(raw: object, text: str) -> None:
    assert values.text(raw) == text
    values.text(raw).encode()


@pytest.mark.parametrize(
    ("raw", "ident"),
    [
        (7, 7),
        ("7", 7),
        ("9" * 18, 10**18 - 1),
        (0, None),
        ("0", None),
        (-7, None),
        ("-7", None),
        ("9" * 19, None),
        (HUGE, None),
        ("9" * 300, None),
        (True, None),
        (7.0, None),
        ("٧", None),
        (" 7", None),
        ("", None),
        (None, None),
        ([7], None),
    ],
)
def test_an_id_is_a_number_that_a_column_holds(raw: object, ident: int | None) -> None:
    assert values.ident(raw) == ident


@pytest.mark.parametrize("raw", [None, False, "", [], {}, ["0"], [None]])
def test_no_ids_are_none(raw: object) -> None:
    assert values.idents(raw) == ()


def test_ids_keep_their_order() -> None:
    assert values.idents(["5", 3]) == values.idents({"1": 5, "0": "3"}) == (5, 3)


@pytest.mark.parametrize("raw", [[7, "x"], [7, -1], [HUGE], "7", 7, True, [[7]]])
def test_an_id_that_is_there_and_cannot_be_read_is_not_left_out(raw: object) -> None:
    with pytest.raises(ValueError, match="id"):
        values.idents(raw)


@pytest.mark.parametrize("raw", [True, "Y", "y", "1", 1, "true", "TRUE", "yes", " Y "])
def test_yes(raw: object) -> None:
    assert values.flag(raw) is True


@pytest.mark.parametrize("raw", [False, "N", "n", "0", 0, "false", "no", "", None, [], {}])
def test_no(raw: object) -> None:
    assert values.flag(raw) is False


@pytest.mark.parametrize("raw", ["maybe", 2, -1, HUGE, ["Y"], {"VALUE": "Y"}, 1.5])
def test_what_says_neither_is_not_taken_for_no(raw: object) -> None:
    with pytest.raises(ValueError, match="flag"):
        values.flag(raw)


@pytest.mark.parametrize(("raw", "option"), [(41, "41"), ("41", "41"), (None, ""), (False, ""), ("", ""), ([], "")])
def test_an_option(raw: object, option: str) -> None:
    assert values.option(raw) == option


@pytest.mark.parametrize("raw", [[41], [41, 42], {"ID": 41}, True])
def test_several_options_are_not_one(raw: object) -> None:
    with pytest.raises(ValueError, match="option"):
        values.option(raw)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "",
        0,
        False,
        [],
        "yesterday",
        "0000-00-00 00:00:00",
        "0001-01-01T00:00:00+03:00",
        "9999-12-31T23:59:59-05:00",
        "2026-02-30T10:00:00+03:00",
        1795942800,
    ],
)
def test_what_is_no_date(raw: object) -> None:
    assert values.moment(raw) is None


def test_a_date_without_a_zone_is_one_of_utc() -> None:
    assert values.moment("2026-11-22T10:00:00") == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert values.moment("2026-11-22T10:00:00+03:00") == datetime(2026, 11, 22, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "seconds"), [(3600, 3600), ("60", 60), (None, 3600), (0, 1), (-5, 3600), ("9" * 5000, 3600), (10**9, 3600)]
)
def test_no_word_makes_an_access_token_live_longer_than_an_hour(said: object, seconds: int) -> None:
    assert values.lifetime(said) == seconds
