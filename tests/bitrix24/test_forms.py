"""PHP's form encoding: what we write the emulator's own reader understands, and hostile bodies end as a refusal."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from b24app.bitrix24.forms import encode, parse_php_form
from b24app.errors import Refused
from emulator import php

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
KEY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0[]"), min_size=1, max_size=10)
FORM = st.dictionaries(KEY, st.recursive(TEXT, lambda inner: st.dictionaries(KEY, inner, min_size=1, max_size=4)))


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, ""),
        ({"id": 7}, "id=7"),
        ({"fields": {"TITLE": "Ёж & co"}}, "fields%5BTITLE%5D=%D0%81%D0%B6%20%26%20co"),
        ({"filter": {">ID": "$result[a][49][ID]"}}, "filter%5B%3EID%5D=%24result%5Ba%5D%5B49%5D%5BID%5D"),
        ({"a": [1, 2]}, "a%5B0%5D=1&a%5B1%5D=2"),
        ({"a": [], "b": {}, "c": ""}, "c="),
        (
            {"sum": Decimal("1E+3"), "at": datetime(2026, 1, 2, tzinfo=UTC)},
            "sum=1000&at=2026-01-02T00%3A00%3A00%2B00%3A00",
        ),
    ],
)
def test_encode(params: dict[str, Any], text: str) -> None:
    assert encode(params) == text


@pytest.mark.parametrize("value", [True, False, None, object(), {1}])
def test_a_value_whose_form_is_a_guess_is_a_mistake(value: object) -> None:
    with pytest.raises(TypeError):
        encode({"fields": {"X": value}})


@settings(suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
@given(FORM)
def test_reads_back_what_it_writes(form: dict[str, Any]) -> None:
    assert parse_php_form(encode(form).encode()) == form


@given(
    st.dictionaries(st.from_regex(r"[A-Z]{1,8}", fullmatch=True), st.lists(TEXT, min_size=1, max_size=5), max_size=4)
)
def test_the_portals_reader_agrees(params: dict[str, Any]) -> None:
    assert php.parse_form(encode(params)) == params


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"", {}),
        (b"&&", {}),
        (b"a=1&b=&c", {"a": "1", "b": "", "c": ""}),
        (b"data[FIELDS][ID]=7", {"data": {"FIELDS": {"ID": "7"}}}),
        (b"data%5BFIELDS%5D%5BID%5D=7&a+b=c+d", {"data": {"FIELDS": {"ID": "7"}}, "a b": "c d"}),
        (b"a[]=x&a[]=y&a[7]=z&a[]=q", {"a": {"0": "x", "1": "y", "7": "z", "3": "q"}}),
        (b"a=1&a=2", {"a": "2"}),
        (b"a=50%&b=%zz", {"a": "50%", "b": "%zz"}),
    ],
)
def test_parse(body: bytes, form: dict[str, Any]) -> None:
    assert parse_php_form(body) == form


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"a=%ff", "bad_encoding"),
        (b"%c3%28=1", "bad_encoding"),
        (b"a=%00", "bad_encoding"),
        (b"[x]=1", "bad_form"),
        (b"=1", "bad_form"),
        (b"a[b=1", "bad_form"),
        (b"a]b[=1", "bad_form"),
        (b"a=1&a[b]=2", "bad_form"),
        (b"a[b]=2&a=1", "bad_form"),
        (b"a" + b"[x]" * 8 + b"=1", "bad_form"),
        (b"&".join(b"k%d=1" % n for n in range(2001)), "bad_form"),
        (b"k" * 513 + b"=1", "bad_form"),
    ],
)
def test_refuses(body: bytes, code: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_php_form(body)
    assert caught.value.code == code


@given(st.binary(max_size=300) | st.text(alphabet="ab[]=&%+0", max_size=60).map(str.encode))
def test_anything_else_is_refused_or_a_form(body: bytes) -> None:
    try:
        form = parse_php_form(body)
    except Refused as refused:
        assert refused.code in ("bad_encoding", "bad_form")
    else:
        assert all(isinstance(key, str) and key for key in form)
