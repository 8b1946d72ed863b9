"""The words of a post: within every network's limit, unable to mention or link, with the state always in full."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from social_desk import URL, WORDING, make_story
from tocsin.domain.channel import ChannelName
from tocsin.domain.incident import Status
from tocsin_channels.social import weigh, words
from tocsin_channels.social.post import Post
from tocsin_channels.social.weigh import Ruler
from words_to_send import written

RULERS = {"x": weigh.X, "mastodon": weigh.MASTODON, "bluesky": weigh.BLUESKY}
EVERY = pytest.mark.parametrize("ruler", RULERS.values(), ids=RULERS)
LABELS = {
    Status.INVESTIGATING: "▲ Investigating",
    Status.IDENTIFIED: "▲ Identified",
    Status.MONITORING: "◆ Monitoring",
    Status.RESOLVED: "✓ Resolved",
    Status.POSTMORTEM: "■ Postmortem",
    Status.SCHEDULED: "◇ Scheduled",
    Status.IN_PROGRESS: "◆ In progress",
    Status.VERIFYING: "◆ Verifying",
    Status.COMPLETED: "✓ Completed",
    Status.CANCELLED: "✕ Cancelled",
}
# What networks begin to read something at: written here anew, and wider than theirs.
MENTION = re.compile(r"[@\uff20][^\s\u200b]")
DOMAIN = re.compile(r"[^\s\u200b][.\uff0e\u3002\uff61][^\W\d_]{2,}")
SCHEME = re.compile(r"[a-z]://", re.IGNORECASE)
TAG = re.compile(r"[#\uff03$]\w")
# Texts that are likely to hit something, beside arbitrary ones.
NASTY = st.lists(
    st.sampled_from(
        [
            *(
                "@acme",
                "@everyone",
                "\uff20acme",
                "a@b.example",
                "db.example.com",
                "t.co",
                "https://evil.example/x?y#z",
            ),
            *(
                "#down",
                "$TSLA",
                "🙋🏽",
                "👨\u200d👩\u200d👧\u200d👦",
                "caf\u0065\u0301",
                "の" * 50,
                "x" * 400,
                "\n",
                " ",
            ),
            *("magnet:?xt=1", "xmpp:a@b", "{{link}}", "**bold**", "\ufeff", "\u202e", "."),
        ]
    )
).map("".join)
TEXTS = st.one_of(st.text(max_size=2_000), NASTY)


def made(title: str, body: str, status: Status, ruler: Ruler, *, linked: bool) -> Post:
    return words.draft(make_story(body, title, status), WORDING).post(ruler, linked=linked)


@EVERY
@given(title=TEXTS, body=TEXTS, status=st.sampled_from(Status), linked=st.booleans())
@example(title="t.co", body="@a", status=Status.RESOLVED, linked=True)
@example(title="#_a", body="$_", status=Status.RESOLVED, linked=True)
def test_whatever_is_written_the_post_is_valid_and_can_neither_ping_nor_link(
    ruler: Ruler,
    title: str,
    body: str,
    status: Status,
    linked: bool,  # noqa: FBT001
) -> None:
    post = made(title, body, status, ruler, linked=linked)
    assert ruler.fits(post.text)
    assert post.text.startswith(f"{LABELS[status]} · 20:05 UTC")
    assert post.text == post.text.strip()
    assert post.text.encode()  # no lone surrogates
    assert post.text.count(URL) == (1 if linked else 0)
    assert post.link == (URL if linked else "")
    without = post.text.replace(URL, "")
    for read in (MENTION, DOMAIN, SCHEME, TAG):
        assert not read.search(without), read.pattern


@EVERY
def test_what_was_written_reads_as_it_was(ruler: Ruler) -> None:
    post = made("Checkout is failing", "Ask @acme or db.example.com.", Status.INVESTIGATING, ruler, linked=True)
    assert post.text.replace("\u200b", "") == (
        "▲ Investigating · 20:05 UTC\nCheckout is failing\n\nAsk @acme or db.example.com.\n\n"
        f"Next update by 20:35 UTC\n{URL}"
    )


@EVERY
def test_a_long_text_is_cut_by_whole_words_and_keeps_title_promise_and_link(ruler: Ruler) -> None:
    body = " ".join(f"word{number}" for number in range(300))
    text = made("Checkout is failing", body, Status.IDENTIFIED, ruler, linked=True).text
    kept = re.findall(r"\bword\d+\b", text)
    assert kept == [f"word{number}" for number in range(len(kept))]
    assert "…\n\nNext update by 20:35 UTC" in text
    assert "Checkout is failing" in text
    assert text.endswith(URL)
    assert ruler.measure(text) > ruler.limit * 0.9


@EVERY
def test_a_title_that_is_too_long_gives_way_after_the_text(ruler: Ruler) -> None:
    text = made("failing " * 200, "Body.", Status.IDENTIFIED, ruler, linked=True).text
    assert text.startswith("▲ Identified · 20:05 UTC\nfailing failing")
    assert "Body." not in text
    assert text.endswith(f"failing …\n\nNext update by 20:35 UTC\n{URL}")


def test_an_incident_without_a_public_page_has_no_link() -> None:
    post = words.draft(make_story(url=None), WORDING).post(weigh.X, linked=True)
    assert not post.link
    assert "http" not in post.text


def test_the_same_update_always_has_the_same_words() -> None:
    # A resend has to be identical, or X would not know it for a duplicate.
    assert words.draft(make_story(), WORDING).post(weigh.X, linked=True) == words.draft(make_story(), WORDING).post(
        weigh.X, linked=True
    )


@EVERY
def test_a_template_that_leaves_no_room_gives_way_to_the_built_in_words(tmp_path: Path, ruler: Ruler) -> None:
    wording = written(tmp_path, ChannelName.SOCIAL, post="{{status}} {{title}} " + "{{impact}} of it " * 16)
    assert wording.faults == ()
    text = words.draft(make_story(), wording).post(ruler, linked=True).text
    assert ruler.fits(text)
    assert text.startswith("▲ Investigating · 20:05 UTC" if ruler is not weigh.MASTODON else "Investigating Checkout")


def test_operators_words_are_used(tmp_path: Path) -> None:
    template = "{{brand}}: {{title}} ({{status}}, {{components}}, {{impact}})\n{{link}}\n"
    wording = written(tmp_path, ChannelName.SOCIAL, post=template)
    post = words.draft(make_story(), wording).post(weigh.X, linked=True)
    assert post.text == f"Acme: Checkout is failing (Investigating, Checkout: partial outage, major impact)\n{URL}"


def test_what_is_written_in_markdown_is_posted_in_plain_words() -> None:
    body = "We see **failed payments**, and `checkout` is [slow](https://example.com).\n\nPay by transfer."
    text = made("Checkout is failing", body, Status.INVESTIGATING, weigh.MASTODON, linked=True).text
    assert "We see failed payments, and checkout is slow (https://example.com).\n\nPay by transfer." in text


LINKED = (
    "Pay by [transfer](https://example.com/how?a=b#bank), or [write](mailto:help@example.com), not [there](http://db)."
)


@EVERY
def test_the_authors_own_links_keep_their_address_and_work_where_posts_have_links(ruler: Ruler) -> None:
    post = made("Checkout is failing", LINKED, Status.INVESTIGATING, ruler, linked=True)
    assert (
        "Pay by transfer (https://example.com/how?a=b#bank), or write (help@\u200bexample.\u200bcom), not there (db)."
        in post.text
    )
    assert post.addresses == ("https://example.com/how?a=b#bank",)
    assert ruler.fits(post.text)
    without = made("Checkout is failing", LINKED, Status.INVESTIGATING, ruler, linked=False)
    assert "transfer (example.com/how?a=b#bank)," in without.text.replace("\u200b", "")
    assert without.links == ()
    for read in (MENTION, DOMAIN, SCHEME, TAG):
        assert not read.search(without.text), read.pattern


@pytest.mark.parametrize(
    "address",
    [
        *("https://a@victim.com/", "https://example.com/@acme", "https://example.com/$TSLA", "https://localhost/x"),
        *("https://example.com/a(b)", "https://example.com/'", "ftp://example.com/x", "javascript:alert(1)"),
    ],
)
def test_an_address_that_a_network_may_read_as_something_else_is_only_to_be_read(address: str) -> None:
    post = made("Checkout", f"Look [here]({address}).", Status.INVESTIGATING, weigh.MASTODON, linked=True)
    assert post.addresses == ()
    for read in (MENTION, DOMAIN, SCHEME, TAG):
        assert not read.search(post.text.replace(URL, "")), read.pattern


@EVERY
@pytest.mark.parametrize("letters", [20, 280, 700])
def test_no_address_is_ever_cut(ruler: Ruler, letters: int) -> None:
    address = f"https://example.com/{'x' * letters}"
    for before in range(0, 1_200, 13):
        post = made("Checkout", f"{'a ' * before}[here]({address}) and there", Status.INVESTIGATING, ruler, linked=True)
        assert ruler.fits(post.text)
        assert post.text.count("(https") == post.text.count(f"({address})") == len(post.addresses)
