"""Accounts as people write them: one form for each, and a word on how to write what is none."""

from __future__ import annotations

import pytest

from tocsin.domain.errors import Refused
from tocsin.domain.social import Network, read_account


@pytest.mark.parametrize(
    ("written", "network", "account"),
    [
        ("x:acme", Network.X, "x:acme"),
        (" X:@Acme_Status ", Network.X, "x:acme_status"),
        ("mastodon:@acme@example.social", Network.MASTODON, "mastodon:@acme@example.social"),
        ("mastodon:Acme@Example.Social", Network.MASTODON, "mastodon:@acme@example.social"),
        ("bluesky:acme.bsky.social", Network.BLUESKY, "bluesky:acme.bsky.social"),
        ("bluesky:@status.acme.example", Network.BLUESKY, "bluesky:status.acme.example"),
    ],
)
def test_an_account_has_one_form(written: str, network: Network, account: str) -> None:
    assert read_account(written) == (network, account)
    assert read_account(account) == (network, account)


@pytest.mark.parametrize(
    "written",
    [
        *("", "acme", "x:", "x:no spaces", "x:sixteen_letters_", "x:two\nlines", "twitter:acme", "mastodon:@acme"),
        *("mastodon:@@example.social", "mastodon:@a@b.example/path", "bluesky:acme", "bluesky:-a.example"),
    ],
)
def test_what_is_no_account_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(Refused, match=r"x:acme|mastodon:@acme@|bluesky:acme") as refused:
        read_account(written)
    assert refused.value.field == "address"
