"""What chat shows, whatever people wrote: valid, within limits, and unable to ping."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_to_send import CHAPTER, chapter, story
from tocsin.domain.channel import ChannelName
from tocsin.domain.incident import Impact, Severity, Status
from tocsin.domain.story import Chapter
from tocsin.practice.chat_limits import card_fault, slack_fault
from tocsin_channels.chat import post
from tocsin_channels.chat.blocks import SlackWords
from tocsin_channels.chat.card import LONGEST_BYTES
from tocsin_channels.chat.post import Post
from words_to_send import SHIPPED

NASTY = (
    "<!channel> <!here> <!everyone> <!subteam^S0123> <@U0123> <#C0123> @channel @here @everyone <at>Everyone</at> "
    "[click](javascript:alert(1)) [x](https://evil.example/<!channel>|) `<!here>` ```\n<!here>\n``` **<@U1>** "
    "https://a.example/?x=<!channel>&y=1 &lt;!channel&gt; <https://evil.example|bank> <users/all> @**all**"
)
PIECES = (
    *("<!channel>", "<@U1>", "@here", "`", "```\n", "**", "*", "_", "~~", "[a](https://b.example/?c&d)", "\n\n", "- "),
    *("1. ", "> ", "# ", "<", ">", "&", "|", "https://e.example/(x)", "\u202e", "\x00", "\ud800", "é"),
)
TEXTS = st.one_of(st.text(), st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8))).map("".join))
LINK = re.compile(r"<(?:https?://|mailto:)[^<>|]+\|[^<>|]+>")


def written(told: Chapter) -> Post:
    return post.write(SHIPPED[ChannelName.CHAT], story(told))


def texts_of(words: SlackWords) -> list[str]:
    found = [words.text]
    for block in words.blocks:
        parts: list[dict[str, Any]] = block["elements"] if block["type"] == "context" else [block["text"]]
        found += [part["text"] for part in parts]
    return found


def assert_harmless(words: SlackWords) -> None:
    for text in texts_of(words):
        rest = LINK.sub("", text)
        assert "<" not in rest, rest
        assert ">" not in rest, rest
        assert not re.search(r"@(here|channel|everyone)", rest, re.IGNORECASE)
        assert not re.search(r"&(?!amp;|lt;|gt;)", rest)


def runs_of(card: dict[str, Any]) -> list[dict[str, Any]]:
    return [run for element in card["body"] for run in element["inlines"]]


@settings(max_examples=400, deadline=None)
@given(TEXTS, TEXTS, TEXTS, st.lists(st.tuples(TEXTS, TEXTS), max_size=30), st.sampled_from(Status))
def test_whatever_is_written_is_valid_within_limits_and_pings_nobody(
    title: str, body: str, brand: str, components: list[tuple[str, str]], status: Status
) -> None:
    told = chapter(title=title, body=body, components=tuple(components), status=status)
    made = post.write(SHIPPED[ChannelName.CHAT], story(told, brand=brand))
    for words in (made.first, made.reply, made.whole):
        given = json.loads(json.dumps({"text": words.text, "blocks": words.blocks}))
        assert slack_fault(given) == ""
        assert_harmless(words)
    card, fault = card_fault(made.card)
    assert fault == ""
    assert {element["type"] for element in card["body"]} == {"RichTextBlock"}
    for run in runs_of(card):
        assert run["type"] == "TextRun"
        assert "selectAction" not in run or run["selectAction"]["url"].startswith(("https://", "http://", "mailto:"))
    assert not re.search(r"@\S|<\S", (made.title + made.body).replace("\u200b", " "))


@pytest.mark.parametrize(
    "body",
    ["word " * 40_000, "&" * 100_000, "😀" * 60_000, '"' * 90_000, "\n".join(["- <!channel>"] * 20_000),
     "```\n" + "<!here>\n" * 20_000 + "```", f"[{'x' * 50_000}](https://a.example/{'y' * 900})", "é" * 100_000,
     "\n\n".join(f"https://a.example/{number}?a=1&b=2" for number in range(5_000))],
    ids=["words", "ampersands", "emoji", "quotes", "list", "code", "link", "letters", "links"],
)  # fmt: skip
def test_the_longest_texts_are_cut_and_say_so(body: str) -> None:
    made = written(chapter(body=body, title="T" * 5_000, components=(("C" * 300, "S" * 300),) * 500))
    for words in (made.first, made.reply):
        assert slack_fault({"text": words.text, "blocks": list(words.blocks)}) == ""
        assert_harmless(words)
    assert len(made.card) <= LONGEST_BYTES
    assert card_fault(made.card)[1] == ""
    assert "…" in json.dumps(made.first.blocks, ensure_ascii=False)
    assert "Next update by" in json.dumps(made.first.blocks)  # what matters most is not what is cut
    assert "Next update by" in made.card.decode()


def test_nasty_words_are_shown_letter_for_letter() -> None:
    made = written(chapter(title=NASTY, body=NASTY))
    assert_harmless(made.first)
    shown = made.first.blocks[1]["text"]["text"]
    assert "&lt;!channel&gt; &lt;!here&gt; &lt;!everyone&gt; &lt;!subteam^S0123&gt; &lt;@U0123&gt;" in shown
    assert "javascript:" not in LINK.findall(shown)
    assert all("javascript" not in str(run.get("selectAction", "")) for run in runs_of(card_fault(made.card)[0]))


def test_markdown_becomes_each_services_own_markup() -> None:
    body = (
        "# What we know\n\nIt is **bad**, _really_, ~~not~~ `x<y`.\nMore at https://a.example/?b=1&c=2.\n\n"
        "1. First\n2. [Second](https://b.example)\n   - inner\n\n> quoted\n\n```\ncode <b>\n```"
    )
    made = written(chapter(body=body))
    assert made.first.blocks[1]["text"]["text"] == (
        "We know about it and are looking into it.\n\n*What we know*\n\n"
        "It is *bad*, _really_, ~not~ `x&lt;y`.\nMore at <https://a.example/?b=1&amp;c=2|https://a.example/?b=1&amp;c=2>."
        "\n\n1. First\n2. <https://b.example|Second>\n   • inner\n\n&gt; quoted\n\n```\ncode &lt;b&gt;\n```\n\n"
        "Affected: Checkout (partly down)\nNext update by 20:33 UTC"
    )
    runs = runs_of(card_fault(made.card)[0])
    assert {"type": "TextRun", "text": "bad", "weight": "Bolder"} in runs
    assert {"type": "TextRun", "text": "x<y", "fontType": "Monospace"} in runs
    second = next(run for run in runs if run["text"] == "Second")
    assert second["selectAction"] == {"type": "Action.OpenUrl", "url": "https://b.example"}
    assert "Second (https://b.example)" in made.body


@pytest.mark.parametrize(
    ("changes", "headline", "colour"),
    [
        ({"impact": Impact.CRITICAL}, "▲ Checkout is failing", "Attention"),
        ({"impact": Impact.MINOR}, "▲ Checkout is failing", "Warning"),
        ({"status": Status.MONITORING}, "◆ Checkout is failing", "Accent"),
        ({"status": Status.RESOLVED}, "✓ Checkout is failing", "Good"),
        ({"status": Status.POSTMORTEM}, "■ Checkout is failing", "Accent"),
    ],
)
def test_how_things_stand_is_seen_by_shape_and_by_colour(changes: dict[str, Any], headline: str, colour: str) -> None:
    made = written(chapter(**changes))
    assert made.first.blocks[0]["text"]["text"] == headline
    assert runs_of(card_fault(made.card)[0])[0] == {
        "type": "TextRun", "text": headline, "weight": "Bolder", "size": "Large", "color": colour
    }  # fmt: skip


def test_lines_that_have_nothing_to_say_are_left_out() -> None:
    bare = replace(CHAPTER, components=(), next_update_at=None, url=None, severity=Severity.SEV3)
    made = written(bare)
    assert made.first.blocks[1]["text"]["text"].endswith("We see *failed payments* and are looking into it.")
    assert made.first.blocks[2]["elements"][0]["text"] == "Acme · sev3 · since 21 Nov, 20:00 UTC"
    assert "actions" not in card_fault(made.card)[0]


def test_links_that_are_longer_than_their_words_leave_a_plain_message_short() -> None:
    body = f"[a](https://status.acme.example/{'x' * 900}) " * 40
    made = written(chapter(body=body))
    assert len(made.body) <= 10_000
    assert "https://status.acme.example/xxx" in made.body
    assert made.body.endswith("https://status.acme.example/incidents/abc123def456")
