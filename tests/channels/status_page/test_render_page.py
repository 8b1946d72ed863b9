"""What visitors read: words before colour, nothing that could harm them, no dead links."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from page_samples import NOW, component, group, incident, maintenance, page, update
from tocsin.domain.component import ComponentStatus
from tocsin.domain.incident import Impact, Status
from tocsin.domain.page import Page
from tocsin.domain.uptime import Span
from tocsin_channels.status_page.markdown import to_html
from tocsin_channels.status_page.render import render
from tocsin_channels.status_page.roll_up import roll_up
from tocsin_channels.status_page.sentences import state_sentence

DOWN = ComponentStatus.MAJOR_OUTAGE
PARTLY = ComponentStatus.PARTIAL_OUTAGE
SLOW = ComponentStatus.DEGRADED_PERFORMANCE


def index(shown: Page) -> str:
    return render(shown)["index.html"].decode()


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        (page(components=[component("api")]), "Everything is working."),
        (page(), "Everything is working."),
        (page(components=[component("api", SLOW)]), "Api is slow."),
        (page(components=[component("api", DOWN), component("shop", DOWN)]), "Api and Shop are down."),
        (page(components=[component("api", SLOW), component("shop", PARTLY)]), "Shop is partly down. Api is slow."),
        (page(components=[component(name, DOWN) for name in "abcde"]), "A, B and 3 more are down."),
        (page(incidents=[incident("Mail is late")]), "Mail is late."),
    ],
)
def test_the_state_is_a_sentence(shown: Page, sentence: str) -> None:
    assert state_sentence(shown) == sentence
    assert f'<h1 id="state">{sentence}</h1>' in index(shown)


def test_the_promised_next_update_stands_at_the_top() -> None:
    html = index(page(incidents=[incident("Mail is late", next_update_at=NOW + timedelta(minutes=30))]))
    promised = re.search(r'class="promise">Next update by\s*<time datetime="([^"]*)"[^>]*>([^<]*)</time>', html)
    assert promised is not None
    assert promised.groups() == ("2026-11-21T13:01:00Z", "13:01 UTC")
    assert html.index("promise") < html.index("<article")


def test_the_newest_update_is_in_sight_and_older_ones_are_folded() -> None:
    told = [
        update("newest words", Status.IDENTIFIED, id_="upd000000002"),
        update("oldest words", at=NOW - timedelta(hours=1)),
    ]
    html = index(page(incidents=[incident("Mail is late", *told)]))
    folded = html[html.index("<details") : html.index("</details>")]
    assert "1 earlier update" in folded
    assert "oldest words" in folded
    assert html.index("newest words") < html.index("<details")


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "![x](https://tracker.example/p.gif)",
        "[x](data:text/html,<script>alert(1)</script>)",
        '<a href="https://x" onclick="alert(1)">x</a>',
        "<svg/onload=alert(1)>",
    ],
)
def test_bodies_can_do_no_harm(body: str) -> None:
    html = str(to_html(body)).lower()
    # What remains of them is text.
    tags = re.findall(r"<[^>]*>", html)
    assert not [tag for tag in tags if re.search(r"script|onerror|onclick|onload|javascript:|data:|<img|<svg", tag)]


def test_html_in_a_body_is_shown_as_it_was_typed() -> None:
    assert "&lt;b&gt;bold&lt;/b&gt;" in str(to_html("<b>bold</b>"))


def test_markdown_is_read_and_links_give_nothing_away() -> None:
    html = str(to_html("We **know**.\n\n- one\n- [two](https://example.com/?a=1&b=2)"))
    assert "<strong>know</strong>" in html
    assert '<a href="https://example.com/?a=1&amp;b=2" rel="nofollow noopener noreferrer">two</a>' in html


def test_titles_and_names_are_text_wherever_they_stand() -> None:
    evil = '"><script>alert(1)</script>'
    shown = page(components=[component("api", name=evil)], incidents=[incident(evil)], brand=evil)
    for path, content in render(shown).items():
        if path.endswith(".html"):
            assert b"<script>" not in content, path


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    spans = [Span(NOW - timedelta(days=3), NOW - timedelta(days=2), DOWN)]
    shown = page(components=[component("api", DOWN, spans=spans)], incidents=[incident("Mail is late")])
    for path, content in render(shown).items():
        if path.endswith(".html"):
            html = content.decode()
            assert "style=" not in html, path
            assert not re.search(r"<script(?! src=)|\son\w+=|<style", html), path
            assert not re.search(r'(?:src|href)="(?:https?:)?//', html), path


def test_every_link_leads_to_a_file_that_is_there_or_to_where_one_subscribes() -> None:
    files = render(page(components=[component("api")], incidents=[incident("Mail is late")]))
    there = {f"/{path.removesuffix('.html')}" for path in files} | {"/"}
    for path, content in files.items():
        if path.endswith(".html"):
            links = set(re.findall(r'(?:href|src)="(/[^"]*)"', content.decode()))
            assert links <= there | {"/subscribe"}, path


def test_the_bars_say_the_same_in_words() -> None:
    spans = [Span(NOW - timedelta(days=3, hours=2), NOW - timedelta(days=3), PARTLY)]
    html = index(page(components=[component("api", spans=spans)]))
    label = re.search(r'<svg class="days"[^>]*aria-label="([^"]*)"', html)
    assert label is not None
    assert label[1] == "Api: 99.97 % uptime in the last 90 days. 18 November 2026: partly down for 2 h."
    assert "<title>18 November 2026: partly down for 2 h</title>" in html


def test_days_before_a_component_existed_are_not_called_good() -> None:
    html = index(page(components=[component("api", created_at=NOW - timedelta(days=10))]))
    assert "100 % uptime since 11 November 2026" in html
    assert "Api: 100 % uptime in the last 11 days." in html
    assert 'class="unknown"' in html


def test_components_stand_in_their_groups() -> None:
    back = group("back")
    html = index(page(components=[component("jobs", group=back.id), component("api")], groups=[back]))
    assert html.index("Api") < html.index("<h3>Back</h3>") < html.index("Jobs")


def test_an_open_incident_is_never_green() -> None:
    assert '<section class="lead degraded_performance"' in index(page(incidents=[incident("Mail is late")]))
    assert '<section class="lead operational"' in index(page(components=[component("api")]))


@pytest.mark.parametrize(
    ("statuses", "impact", "expected"),
    [
        (["operational"], None, ("none", "All Systems Operational")),
        (["degraded_performance", "operational"], None, ("minor", "Partially Degraded Service")),
        (["partial_outage", "operational", "operational"], None, ("minor", "Minor Service Outage")),
        (["partial_outage", "major_outage"], None, ("major", "Partial System Outage")),
        (["major_outage", "major_outage"], None, ("critical", "Major Service Outage")),
        (["under_maintenance", "operational"], None, ("maintenance", "Service Under Maintenance")),
        (["operational"], Impact.CRITICAL, ("critical", "Major Service Outage")),
        (["operational"], Impact.MINOR, ("minor", "Minor Service Outage")),
        (["major_outage", "major_outage"], Impact.MINOR, ("critical", "Major Service Outage")),
    ],
)
def test_the_roll_up_is_statuspages(statuses: list[str], impact: Impact | None, expected: tuple[str, str]) -> None:
    components = [component(f"c{n}", ComponentStatus(status)) for n, status in enumerate(statuses)]
    incidents = [incident("x", impact=impact)] if impact else []
    assert roll_up(page(components=components, incidents=incidents)) == expected


JOBS, FINE = component("jobs"), ComponentStatus.OPERATIONAL


def test_a_planned_maintenance_says_when_and_calls_nothing_working_or_broken() -> None:
    told = update("We replace it.", Status.SCHEDULED, components=((JOBS.id, "Jobs", FINE, FINE),))
    one = maintenance("New database", told)
    own = render(page(components=[JOBS], maintenances=[one]))[f"incidents/{one.id}.html"].decode()
    assert 'class="lead under_maintenance"' in own
    assert "Jobs: working" not in own
    assert re.search(r"Planned from <time[^>]*>21 Nov, 21:31 UTC</time> to <time[^>]*>23:31 UTC</time>", own)


def test_what_was_called_off_has_its_place_where_that_was_said() -> None:
    off = maintenance("Off", update("No.", Status.CANCELLED), starts_at=NOW + timedelta(days=9))
    files = render(page(maintenances=[off]))
    assert "21 November 2026" in files["index.html"].decode()
    assert "30 November 2026" not in files["index.html"].decode()


def test_what_people_wrote_of_a_maintenance_stays_when_the_clock_has_spoken() -> None:
    begun = update("This maintenance has begun.", Status.IN_PROGRESS, id_="upd000000002")
    one = maintenance("New database", begun, update("Nobody can pay meanwhile.", Status.SCHEDULED))
    front = render(page(maintenances=[one]))["index.html"].decode()
    assert front.index("This maintenance has begun.") < front.index("1 earlier update")
    assert front.index("1 earlier update") < front.index("Nobody can pay meanwhile.")
