"""Operators' templates: named places and nothing else, refused with the line where they cannot be followed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain.placeholders import BrokenTemplate, Template

KNOWN = {"title", "body"}


def test_each_place_is_filled() -> None:
    template = Template.parse("{{title}}\n\n{{ body }} ({{title}})", KNOWN)
    assert template.fill({"title": "Checkout", "body": "It fails."}) == "Checkout\n\nIt fails. (Checkout)"


def test_a_template_without_places_is_its_words() -> None:
    assert Template.parse("", KNOWN).fill({}) == ""
    assert Template.parse("a { b } c }", KNOWN).fill({}) == "a { b } c }"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("{{titel}}", 1, r"Did you mean \{\{title\}\}"),
        ("one\ntwo {{settings}}", 2, r"\{\{settings\}\} is not known here"),
        ("one\n\n{{title", 3, "no placeholder"),
        ("title}}", 1, "no placeholder"),
        ("{% if title %}", 1, "no conditions"),
        ("{# title #}", 1, "no conditions"),
        ("{{ title|upper }}", 1, "no placeholder"),
        ("{{ title.__class__ }}", 1, "no placeholder"),
        ("{{ {{title}} }}", 1, "no placeholder"),
        ("{{}}", 1, "no placeholder"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(BrokenTemplate, match=said) as refused:
        Template.parse(text, KNOWN)
    assert refused.value.line == line
    assert str(refused.value).startswith(f"line {line}: ")


@given(title=st.text(), body=st.text())
def test_what_fills_a_place_is_words_whatever_it_holds(title: str, body: str) -> None:
    template = Template.parse("<{{title}}|{{body}}>", KNOWN)
    assert template.fill({"title": title, "body": body}) == f"<{title}|{body}>"
    assert template.fill({"title": "{{body}}", "body": body}) == "<{{body}}|" + body + ">"


@given(text=st.text(alphabet="{}%# titlebody\n"))
def test_any_text_is_either_a_template_or_refused(text: str) -> None:
    try:
        template = Template.parse(text, KNOWN)
    except BrokenTemplate as refused:
        assert 1 <= refused.line <= text.count("\n") + 1  # noqa: PT017 - either outcome is right
    else:
        assert "{{" not in "".join(template.words)
        assert "}}" not in "".join(template.words)
