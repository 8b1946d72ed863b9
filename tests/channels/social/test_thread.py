"""The state of a thread: read back as it was written, and nothing that is broken stops a post."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain.errors import GiveUp, TryAgain
from tocsin.domain.incident import Status
from tocsin_channels.social.thread import Place, Restraint, Thread

PLACES = st.none() | st.builds(Place, st.text(), st.text())


@given(root=PLACES, last=PLACES, posts=st.integers(0, 99), at=st.integers(0, 4_000_000_000))
def test_a_thread_is_read_as_it_was_written(root: Place | None, last: Place | None, posts: int, at: int) -> None:
    thread = Thread(root, last, posts, float(at))
    assert Thread.read(thread.write()) == thread


@given(st.text())
def test_any_state_can_be_read(state: str) -> None:
    assert isinstance(Thread.read(state), Thread)


@pytest.mark.parametrize(
    "state", ["", "{}", "[]", "null", "7", '{"root":1,"last":2,"posts":"x","at":{}}', '{"root":[]}']
)
def test_a_broken_state_is_a_thread_that_has_not_begun(state: str) -> None:
    assert Thread.read(state) == Thread()


def test_a_post_whose_name_is_unknown_leaves_the_next_one_replying_as_before() -> None:
    thread = Thread().after(Place("1"), 10).after(None, 20)
    assert thread == Thread(Place("1"), Place("1"), 2, 20)


def test_the_gap_is_waited_for_and_the_resolution_does_not_wait() -> None:
    restraint, thread = Restraint(gap=60, most=2), Thread(posts=1, at=100)
    with pytest.raises(TryAgain) as held:
        restraint.hold_back(thread, Status.IDENTIFIED, 130)
    assert held.value.retry_after == 30
    restraint.hold_back(thread, Status.RESOLVED, 130)
    restraint.hold_back(thread, Status.IDENTIFIED, 160)
    restraint.hold_back(Thread(), Status.INVESTIGATING, 0)


def test_a_clock_that_was_set_back_holds_nothing_for_ever() -> None:
    Restraint(gap=60).hold_back(Thread(posts=1, at=1_000_000), Status.IDENTIFIED, 100)


def test_beyond_the_cap_only_the_resolution_is_posted() -> None:
    restraint, thread = Restraint(gap=0, most=2), Thread(posts=2, at=0)
    for status in (Status.IDENTIFIED, Status.POSTMORTEM):
        with pytest.raises(GiveUp, match="resolution will be posted"):
            restraint.hold_back(thread, status, 1_000)
    restraint.hold_back(thread, Status.RESOLVED, 1_000)
