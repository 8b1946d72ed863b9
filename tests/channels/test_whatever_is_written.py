"""Whatever is written, every channel says it within its limits, and it calls, links and breaks nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from chat_to_send import chat_channel
from hostile import BODIES, FLOODS, NAMES, TITLES
from judges.mails import CHANNEL as EMAIL
from judges.mails import judge_letter, judge_slip
from judges.markup import BODY, judge_html
from judges.posts import judge_post
from judges.rooms import judge_card, judge_plain, judge_slack
from judges.texts import judge_text
from mail_to_send import chapter
from page_samples import component, group, incident, maintenance, page, update
from pushes import push_channel
from social_desk import WORDING
from texts_to_send import sms_channel
from tocsin.domain.component import ComponentStatus
from tocsin.domain.incident import Status
from tocsin.domain.notice import Notice
from tocsin.domain.page import Page
from tocsin.domain.reach import Reach
from tocsin.domain.story import Affected, Story
from tocsin.practice.push_browser import browser_named, subscription_of
from tocsin_channels.push.seal import Sealed, seal_all
from tocsin_channels.social.channel import SocialChannel
from tocsin_channels.social.look import RULERS
from tocsin_channels.status_page.render import render as render_page
from tocsin_channels.webhook.channel import WebhookChannel

HOME = "https://status.acme.example"
LINK = f"{HOME}/incidents/abc123def456"
SMS = sms_channel("http://127.0.0.1:1")
SOCIAL = SocialChannel([], WORDING)
CHAT = chat_channel()
PUSH = push_channel(Reach())
WEBHOOK = WebhookChannel(Reach())
Test = Callable[..., None]
BROWSER = subscription_of("acme", "push.example")


def tell(title: str, body: str, names: list[str], brand: str, incidents: int = 1) -> Story:
    affected = tuple(Affected(f"comp{n:08}", name, ComponentStatus.MAJOR_OUTAGE) for n, name in enumerate(names))
    components = tuple((name, "down") for name in names)
    told = chapter(title=title, body=body, components=components, affected=affected)
    chapters = (told, *(replace(told, incident=f"abc123def{n:03}") for n in range(1, incidents)))
    return Story(brand, "customers", "en", chapters, HOME)


ALONE = st.builds(tell, TITLES, BODIES, NAMES, TITLES)
SEVERAL = st.builds(tell, TITLES, BODIES, NAMES, TITLES, st.integers(1, 3))

MANY = st.builds(tell, TITLES, BODIES, NAMES, TITLES, st.integers(1, 90))


def hostile(stories: st.SearchStrategy[Story]) -> Callable[[Test], Test]:
    """Return a decorator that tries a test with many of `stories`, and with the longest and worst there are."""

    def decorated(test: Test) -> Test:
        for flood in FLOODS:
            test = example(tell(flood[:255], flood, [flood[:100]] * 300, flood[:255]))(test)
        return settings(max_examples=75, deadline=None, derandomize=True)(given(stories)(test))

    return decorated


@hostile(SEVERAL)
def test_a_mail_parses_and_has_no_header_and_no_element_that_was_not_meant(told: Story) -> None:
    first = told.chapters[0]
    judge_letter(EMAIL.render(told), told.brand, [first.title, *(name for name, _ in first.components)])


@hostile(ALONE)
def test_a_notice_is_a_mail_and_a_post_of_the_same_kind(told: Story) -> None:
    first = told.chapters[0]
    notice = Notice(told.brand, "en", first.title, (first.title, told.brand), "", "Confirm", f"{HOME}/confirm/x")
    usual = replace(notice, brand="Acme", title="Confirm", paragraphs=("Is this you?",))
    judge_slip(EMAIL.render_notice(notice), [first.title, told.brand], EMAIL.render_notice(usual))
    judge_slack(CHAT.render_notice(notice).whole)
    judge_card(CHAT.render_notice(notice).card)


@hostile(SEVERAL)
def test_a_text_is_counted_as_networks_count_and_ends_with_link_and_way_out(told: Story) -> None:
    text = SMS.render(told)
    judge_text(text.body, text.count.encoding.value, text.count.segments, LINK if len(told.chapters) == 1 else HOME)


@pytest.mark.parametrize("linked", [True, False], ids=["linked", "plain"])
@hostile(ALONE)
def test_a_post_fits_its_network_and_names_nobody(linked: bool, told: Story) -> None:  # noqa: FBT001
    for network, ruler in RULERS.items():
        post = SOCIAL.render(told).post(ruler, linked=linked)
        judge_post(network.value, post.text, LINK if linked else "", told.chapters[0].body)


@hostile(ALONE)
def test_a_chat_message_is_within_limits_and_calls_nobody(told: Story) -> None:
    post = CHAT.render(told)
    for words in (post.first, post.reply, post.whole):
        judge_slack(words)
    judge_card(post.card)
    judge_plain(post.title, post.body)


@hostile(MANY)
def test_a_push_is_small_enough_when_it_is_sealed(told: Story) -> None:
    [sealed] = seal_all([(BROWSER.written, PUSH.render(told).body("t" * 100))])
    assert isinstance(sealed, Sealed)
    assert len(sealed.body) <= 4_096
    said = json.loads(browser_named("acme").open(sealed.body))
    assert said["url"] == (LINK if len(told.chapters) == 1 else f"{HOME}/")
    assert said["stop"] == f"/unsubscribe/{'t' * 100}"
    assert len(said["title"].splitlines()) <= 1


@hostile(ALONE)
def test_a_call_is_json_that_says_what_was_written(told: Story) -> None:
    body = WEBHOOK.render(told).body("t" * 100)
    assert len(body) <= 20_000
    said = json.loads(body)
    first = told.chapters[0]
    assert said["meta"]["unsubscribe"] == f"{HOME}/unsubscribe/{'t' * 100}"
    assert said["page"]["name"] == told.brand[:255]
    assert said["incident"]["name"] == first.title[:255]
    assert said["incident"]["shortlink"] == LINK
    [kept] = said["incident"]["incident_updates"]
    assert first.body.startswith(kept["body"].removesuffix("…") if kept["truncated"] else first.body)


@hostile(ALONE)
def test_the_page_has_no_element_that_was_not_meant(told: Story) -> None:
    first = told.chapters[0]
    names = [name for name, _ in first.components]
    files = render_page(shown(first.title, first.body, names, told.brand))
    for path, content in files.items():
        match path.rpartition(".")[2]:
            case "html":
                words = {"index.html": [first.title, *names], "history.html": [first.title]}.get(path, [])
                judge_html(content.decode(), usual_page()[path].decode(), words=words)
            case "json" | "webmanifest":
                json.loads(content)
            case "atom" | "rss" | "svg" | "xml":
                ET.fromstring(content)
            case "ics":
                assert [part.name for part in Calendar.from_ical(content).walk()] == ["VCALENDAR", "VEVENT"]
            case _:
                assert content == usual_page()[path] or path.endswith(".stamp")


def shown(title: str, body: str, names: list[str], brand: str) -> Page:
    down = ComponentStatus.MAJOR_OUTAGE
    components = [component(f"c{number}", down, name=name) for number, name in enumerate(names)]
    grouped = component("grouped", group="payments0000")
    told = update(body, components=tuple((one.id, one.name, down, down) for one in components))
    return page(
        components=[*components, replace(grouped, description=title)],
        groups=[replace(group("payments0000"), name=names[0])],
        incidents=[incident(title, told)],
        maintenances=[maintenance(title, replace(told, status=Status.SCHEDULED))],
        brand=brand,
    )


@cache
def usual_page() -> dict[str, bytes]:
    return render_page(shown("Checkout is failing", BODY, ["Checkout"], "Acme"))
