"""What stands around incidents in a mail: operators' words, why it came, how to change and to stop it, and the rest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mail_to_send import SENDER, chapter, story
from spoken import spoken
from tocsin.domain.channel import ChannelName, Message
from tocsin.domain.delivery import Rule
from tocsin.domain.story import Story
from tocsin.languages import read_languages
from tocsin_channels.email.letter import Bounces
from tocsin_channels.email.render import Renderer
from words_to_send import SHIPPED, written

EMAIL = ChannelName.EMAIL
LANGUAGES = read_languages(Path("/nowhere")).languages
PAGE = "https://status.acme.example/incidents/abc123def456"
REASONS = {
    Rule.AUDIENCE: (
        "you are subscribed to incident updates from Acme, for customers.",
        "Sie Störungsmeldungen von Acme abonniert haben (für: Kunden).",
    ),
    Rule.REQUIRED: (
        "at Acme everyone in customers must hear of an incident like this.",
        "bei Acme alle in dieser Gruppe (Kunden) von einer solchen Störung erfahren müssen.",
    ),
    Rule.CLOSURE: ("Acme told you that this began.", "Acme Ihnen den Beginn gemeldet hat."),
    Rule.FOLLOWED: ("you follow this incident at Acme.", "Sie diese Störung bei Acme verfolgen."),
    Rule.COMPONENTS: (
        "at Acme you chose a component that is affected: Checkout, Search.",
        "Sie bei Acme etwas gewählt haben, das betroffen ist: Checkout, Search.",
    ),
    Rule.FALLBACK: (
        "your other address cannot be reached, and you named this one in its stead at Acme.",
        "Ihre andere Adresse nicht erreichbar ist und Sie bei Acme diese als Ersatz angegeben haben.",
    ),
}


def in_german(told: Story) -> Story:
    return replace(told, locale="de", language=LANGUAGES.of("de"))


@pytest.mark.parametrize("rule", Rule)
def test_a_mail_names_the_rule_that_it_comes_by(rule: Rule) -> None:
    affected = (("Checkout", "down"), ("Search", "slow"))
    told = replace(story(chapter(components=affected)), rule=rule)
    for one, because, reason in zip(
        (told, in_german(told)),
        ("You get this e-mail because ", "Sie erhalten diese E-Mail, weil "),
        REASONS[rule],
        strict=True,
    ):
        said = spoken(EMAIL, one)
        assert because + reason in said["text"]
        assert because + reason in said["html"]


@pytest.mark.parametrize("footer", [None, "", "Questions? Call {{brand}}.\nYou get this because {{reason}}."])
def test_the_ways_to_change_and_to_stop_stand_in_every_mail_whatever_operators_write(
    tmp_path: Path, footer: str | None
) -> None:
    wording = SHIPPED[EMAIL] if footer is None else written(tmp_path, EMAIL, footer=footer)
    assert wording.faults == ()
    said = spoken(EMAIL, story(), wording)
    assert "\nChange what you get: https://status.acme.example/manage\n" in said["text"]
    assert "\nStop these e-mails with one click: https://status.acme.example/unsubscribe/" in said["text"]
    assert said["html"].endswith("Change what you get\n·\nStop these e-mails with one click")
    assert ("Questions? Call Acme." in said["text"]) is bool(footer)
    assert ("subscribed to incident updates" in said["text"]) is (footer != "")


def test_operators_write_subject_intro_and_footer_and_none_of_it_is_markup(tmp_path: Path) -> None:
    wording = written(
        tmp_path,
        EMAIL,
        subject="{{severity}}: {{title}} ({{components}}), {{brand}} {{audience}}\n{{status}}",
        intro="<b>{{titles}}</b> & {{count}}\n{{page}}",
    )
    (tmp_path / "subject_of_several.txt").write_text("{{count}}x {{titles}}, {{audience}} of {{brand}}")
    several = written(tmp_path, EMAIL)
    told = story(chapter(title="**One** <i>"))
    said = spoken(EMAIL, told, wording)
    assert said["subject"] == "sev1: **One** <i> (Checkout), Acme customers Investigating"
    for part in ("text", "html"):
        assert "<b>**One** <i></b> & 1\nhttps://status.acme.example" in said[part]
    both = spoken(EMAIL, story(chapter(title="One"), chapter(title="Two", incident="two")), several)
    assert both["subject"] == "2x One, Two, customers of Acme"
    assert "<b>One, Two</b> & 2" in both["html"]


@pytest.mark.parametrize("filler", ["x", "It fails. ", "`code` ", "é", "😀", "```\n", "- item\n", "a <b> & "])
@pytest.mark.parametrize("code", ["en", "de"])
def test_a_body_of_forty_thousand_characters_stays_below_100_kb_and_says_where_the_rest_is(
    filler: str, code: str
) -> None:
    told = story(chapter(body=(filler * 40_000)[:40_000]))
    told = told if code == "en" else in_german(told)
    letter = Renderer(SHIPPED[EMAIL], SENDER).render(told)
    message = Message("id", "reader@example.com", "Reader", letter, "endpoint", "token", "delivery")
    assert len(letter.copy(0, message, Bounces("bounces.acme.example", "")).data) < 100_000
    rest = {
        "en": "Not all of it fits into a mail. The rest is on the page of this incident.",
        "de": "Nicht alles passt in eine E-Mail. Der Rest steht auf der Seite dieser Störung.",
    }[code]
    said = spoken(EMAIL, told)
    is_whole = told.chapters[0].body.strip() in said["text"]
    assert (rest not in said["text"]) is is_whole
    assert (rest not in " ".join(said["html"].split())) is is_whole
    assert is_whole or PAGE in said["text"].partition(rest)[2]
    assert is_whole is (filler in {"x", "It fails. "})


def test_what_fits_says_nothing_of_a_rest_and_what_has_no_page_names_none() -> None:
    assert "Not all of it fits" not in spoken(EMAIL, story())["text"]
    alone = spoken(EMAIL, story(chapter(body="x" * 60_000, url=None)))["text"]
    assert "Not all of it fits into a mail." in alone
    assert "The rest is on" not in alone
