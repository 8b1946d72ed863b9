"""A corpus of bounces in the shapes of large receivers: each has the right decision, and nobody is lost for nothing."""

from __future__ import annotations

import pytest

from bounces import DELIVERY, REPORTS, Bounce
from bounces_without_reports import LETTERS
from tocsin.domain.channel import Receipt, ReceiptKind
from tocsin_channels.email import receipts
from tocsin_channels.email.verdict import Verdict

CORPUS = (*REPORTS, *LETTERS)
# (kind, address kept, our fault), None where nothing comes of it.
MEANS = {
    Verdict.GONE: (ReceiptKind.BOUNCED, False, False),
    Verdict.RETURNED: (ReceiptKind.BOUNCED, True, False),
    Verdict.OUR_FAULT: (ReceiptKind.BOUNCED, True, True),
    Verdict.DELAYED: (ReceiptKind.DELAYED, False, False),
    Verdict.DELIVERED: (ReceiptKind.DELIVERED, False, False),
    Verdict.NOTHING: None,
}


def takes_from_the_list(receipt: Receipt) -> bool:
    return receipt.kind is ReceiptKind.BOUNCED and not receipt.keeps_address


def test_the_corpus_is_large_and_has_every_verdict() -> None:
    assert len(CORPUS) >= 60
    assert len({bounce.name for bounce in CORPUS}) == len(CORPUS)
    assert {bounce.verdict for bounce in CORPUS} == set(MEANS)


@pytest.mark.parametrize("bounce", CORPUS, ids=lambda bounce: bounce.name)
def test_a_bounce_means(bounce: Bounce) -> None:
    told = [(one.kind, one.keeps_address, one.our_fault) for one in receipts.read(bounce.raw)]
    means = MEANS[bounce.verdict]
    assert told == ([] if means is None else [means])
    assert all(one.delivery == DELIVERY for one in receipts.read(bounce.raw))


def test_nobody_is_taken_from_the_list_but_who_is_gone() -> None:
    suppressed = {bounce.name for bounce in CORPUS if any(map(takes_from_the_list, receipts.read(bounce.raw)))}
    assert suppressed == {bounce.name for bounce in CORPUS if bounce.verdict is Verdict.GONE}


@pytest.mark.parametrize("bounce", CORPUS, ids=lambda bounce: bounce.name)
def test_line_ends_and_a_cut_end_lose_nobody(bounce: Bounce) -> None:
    unix = receipts.read(bounce.raw.replace(b"\r\n", b"\n"))
    assert [one.kind for one in unix] == [one.kind for one in receipts.read(bounce.raw)]
    for share in (3, 2):  # cut off on the way: less is known, so nobody new is lost
        cut = receipts.read(bounce.raw[: -len(bounce.raw) // share])
        assert bounce.verdict is Verdict.GONE or not any(map(takes_from_the_list, cut))
