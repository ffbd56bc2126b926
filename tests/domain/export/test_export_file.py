"""The file itself: read back as it was written, whatever it was cut into, and bounded whatever it is."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from b24app.domain.export import file_format, signing
from b24app.domain.export.file_format import Examiner, Header, SectionSum, Unpacker, WrongFile

HEADER = Header("m" * 32, "acme.bitrix24.ru", datetime(2026, 11, 25, tzinfo=UTC))
KEYS = (Fernet.generate_key().decode(),)


def written(rows: dict[str, list[dict[str, Any]]]) -> list[bytes]:
    """Lines of a whole file; each section a gzip member of its own when packed."""
    body = [file_format.row_line(name, row) for name, section in rows.items() for row in section]
    examiner = Examiner(HEADER.member_id, list(rows))
    examiner.take(file_format.first_line(HEADER))
    for line in body:
        examiner.take(line)
    sums = [SectionSum(name, one.rows, one.hash.hexdigest()) for name, one in examiner._sums.items()]
    signed = file_format.manifest(HEADER, sums)
    signature = signing.sign(KEYS, file_format.PURPOSE, file_format.signed_bytes(signed))
    return [file_format.first_line(HEADER), *body, file_format.last_line(signed, signature)]


def read(pieces: Iterable[bytes], names: list[str]) -> list[tuple[str, dict[str, Any]]]:
    unpacker, examiner = Unpacker(), Examiner(HEADER.member_id, names)
    found = [row for piece in pieces for line in unpacker.feed(piece) if (row := examiner.take(line))]
    unpacker.close()
    signed, signature = examiner.finish()
    assert signing.genuine(KEYS, file_format.PURPOSE, file_format.signed_bytes(signed), signature)
    return found


@given(st.lists(st.text(max_size=20), max_size=20), st.integers(1, 200), st.integers(1, 7))
def test_it_is_read_back_as_it_was_written_however_it_is_cut(notes: list[str], cut: int, member: int) -> None:
    notes = [one.encode(errors="ignore").decode() for one in notes]
    rows: dict[str, list[dict[str, Any]]] = {
        "settings": [{"modes": {}}],
        "memberships": [{"note": one} for one in notes],
    }
    lines = written(rows)
    file = b"".join(file_format.pack(lines[at : at + member]) for at in range(0, len(lines), member))
    pieces = [file[at : at + cut] for at in range(0, len(file), cut)]

    assert read(pieces, list(rows)) == [(name, row) for name, section in rows.items() for row in section]
    assert gzip.decompress(file) == b"".join(lines), "any tool reads it"


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_changed_byte_is_never_read_as_whole(place: int, by: int) -> None:
    file = bytearray(file_format.pack(written({"memberships": [{"note": str(n)} for n in range(30)]})))
    place %= len(file)
    if place in range(3, 10):
        return  # time, system and flags of the gzip header say nothing of the contents
    file[place] ^= by
    with pytest.raises(WrongFile):
        read([bytes(file)], ["memberships"])


def test_a_bomb_takes_no_more_memory_than_a_line() -> None:
    bomb = gzip.compress(b"\0" * 2**20) * 256
    tracemalloc.start()
    with pytest.raises(WrongFile, match="export_not_ours"):
        list(Unpacker().feed(bomb))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * 2**20


def test_a_file_without_end_is_left_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_format, "LARGEST_TEXT", 10 * 2**20)
    endless = gzip.compress(b'{"a":1}\n' * 2**17) * 64
    read_so_far = 0
    with pytest.raises(WrongFile, match="export_too_large"):
        for line in Unpacker().feed(endless):
            read_so_far += len(line)
    assert read_so_far <= 10 * 2**20


def test_a_signature_belongs_to_its_purpose_and_to_the_ring() -> None:
    new, old = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    signature = signing.sign((old,), "export file", b"data")
    for ring in ((old,), (new, old)):
        assert signing.known(ring, "export file", signature) and signing.genuine(
            ring, "export file", b"data", signature
        )
    assert not signing.known((new,), "export file", signature)
    assert not signing.genuine((new,), "export file", b"data", signature)
    assert not signing.genuine((old,), "something else", b"data", signature)
    assert old not in repr(signature)
