"""What is read of a journal is what was written, up to the first byte that cannot be trusted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain.channel import Accepted, Result
from tocsin.domain.errors import (
    AddressDead,
    Ambiguous,
    DeliveryError,
    GiveUp,
    OptedOut,
    ProviderDown,
    TooFast,
    TryAgain,
)
from tocsin.journal import frames
from tocsin.journal.frames import Answer, Begin, Ends, Entry, Opens, Read, Tells, Whose

_SLOTS = st.integers(0, 65_535)
_INDEXES = st.integers(0, 2**32 - 1)
_CODES = st.none() | st.integers(-(2**40), 2**40)
_TEXT = st.text(max_size=300)


class Unlisted(TryAgain):
    """A driver's own error, as `Lost` is: it counts as the kind that it is of."""


def _ended(kind: type[DeliveryError], note: str, code: int | None, cleared: bool) -> DeliveryError:  # noqa: FBT001
    error = kind(note, code=code)
    error.cleared = cleared
    return error


def _waits(kind: type[TryAgain], note: str, code: int | None, wait: float | None, unlisted: str) -> DeliveryError:
    return kind(note, code=code, retry_after=wait, unlisted=unlisted)


def _too_fast(note: str, code: int | None, wait: float | None, gate: str) -> DeliveryError:
    return TooFast(note, code=code, retry_after=wait, gate=gate)


_WAITS = st.none() | st.floats(0, 1e6)
_ERRORS: st.SearchStrategy[DeliveryError] = (
    st.builds(_ended, st.sampled_from([GiveUp, AddressDead, OptedOut, Ambiguous]), _TEXT, _CODES, st.booleans())
    | st.builds(_waits, st.sampled_from([TryAgain, ProviderDown, Unlisted]), _TEXT, _CODES, _WAITS, _TEXT)
    | st.builds(_too_fast, _TEXT, _CODES, _WAITS, _TEXT)
)
_ACCEPTED = st.builds(Accepted, _TEXT, _CODES, st.just("") | _TEXT, st.just("") | _TEXT)
_RESULTS: st.SearchStrategy[Result] = _ACCEPTED | _ERRORS
_ENTRIES: st.SearchStrategy[Entry] = (
    st.builds(Opens, _SLOTS, st.integers(0, 2**63), _INDEXES, st.binary(min_size=16, max_size=16))
    | st.builds(Tells, _SLOTS)
    | st.builds(Begin, _SLOTS, st.lists(_INDEXES, max_size=9).map(tuple))
    | st.builds(Ends, _SLOTS)
    | st.builds(Answer, _SLOTS, _INDEXES, _RESULTS)
)
_GROUPS = st.lists(st.lists(_ENTRIES, min_size=1, max_size=4), max_size=6)
_FIRST = Whose("somewhere/5", "this life")


def _bytes(entry: Entry) -> bytes:
    match entry:
        case Whose():
            return frames.whose(entry)
        case Opens():
            return frames.opens(entry)
        case Tells(slot):
            return frames.tells(slot)
        case Begin(slot, indexes):
            return frames.begins(slot, indexes)
        case Ends(slot):
            return frames.ends(slot)
        case Answer(slot, at, result):
            return frames.answer(slot, at, result)


def _written(groups: list[list[Entry]]) -> list[bytes]:
    return [frames.frame(b"".join([_bytes(entry) for entry in group])) for group in _all(groups)]


def _all(groups: list[list[Entry]]) -> list[list[Entry]]:
    return [[_FIRST], *groups]


def _flat(groups: list[list[Entry]]) -> list[tuple[object, ...]]:
    return [_plain(entry) for group in groups for entry in group]


def _plain(entry: Entry) -> tuple[object, ...]:
    """Errors are compared by what they say: two of them are never equal."""
    if not isinstance(entry, Answer) or isinstance(entry.result, Accepted):
        return entry
    error = entry.result
    kind = TryAgain if isinstance(error, Unlisted) else type(error)
    return (
        entry.slot,
        entry.at,
        kind,
        error.note,
        error.code,
        getattr(error, "retry_after", None),
        getattr(error, "gate", ""),
        getattr(error, "unlisted", ""),
        error.cleared,
    )


@given(_GROUPS)
def test_what_is_read_is_what_was_written(groups: list[list[Entry]]) -> None:
    entries, is_torn, is_broken = frames.read(b"".join(_written(groups)))
    assert [_plain(entry) for entry in entries] == [
        tuple(_FIRST),
        *(_plain(entry) for group in groups for entry in group),
    ]
    assert (is_torn, is_broken) == (False, False)


@given(_GROUPS, st.data())
def test_a_file_that_ends_anywhere_has_every_whole_frame_and_nothing_of_a_torn_one(
    groups: list[list[Entry]], data: st.DataObject
) -> None:
    written = _written(groups)
    whole = b"".join(written)
    end = data.draw(st.integers(0, len(whole)))
    sizes = [sum(map(len, written[: n + 1])) for n in range(len(written))]
    kept = [group for group, size in zip(_all(groups), sizes, strict=True) if size <= end]
    entries, is_torn, is_broken = frames.read(whole[:end])
    assert _flat([entries]) == _flat(kept)
    assert (is_torn, is_broken) == (end not in {0, *sizes}, False)


@given(_GROUPS, st.data())
def test_a_changed_bit_is_never_read_as_something_else(groups: list[list[Entry]], data: st.DataObject) -> None:
    written = _written(groups)
    changed = bytearray(b"".join(written))
    bit = data.draw(st.integers(0, len(changed) * 8 - 1))
    changed[bit // 8] ^= 1 << bit % 8
    hit = next(n for n in range(len(written)) if sum(map(len, written[: n + 1])) > bit // 8)
    entries, is_torn, is_broken = frames.read(bytes(changed))
    assert _flat([entries]) == _flat(_all(groups)[:hit])
    assert is_torn or is_broken


@given(st.binary(max_size=200))
def test_any_bytes_at_all_can_be_read(data: bytes) -> None:
    entries, _, is_broken = frames.read(frames.frame(data))
    assert is_broken or entries
    frames.read(data)


def test_zeros_are_no_frames() -> None:
    assert frames.read(bytes(4096)) == Read([], torn=False, broken=True)
    assert frames.read(frames.frame(frames.whose(_FIRST)) + bytes(64)) == Read([_FIRST], torn=False, broken=True)


def test_an_answer_counts_more_than_its_words() -> None:
    read = frames.read(frames.frame(frames.answer(3, 4, TryAgain("é" * 70_000, code=451))))
    answer = read.entries[0]
    assert isinstance(answer, Answer)
    assert isinstance(answer.result, TryAgain)
    assert (answer.slot, answer.at, answer.result.code, answer.result.note[:3]) == (3, 4, 451, "ééé")
