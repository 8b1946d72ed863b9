"""policy.toml is read strictly: what is wrong with it is named with its line, and what is right is followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.domain.channel import ChannelName
from tocsin.domain.flood import Tier
from tocsin.domain.incident import ALL_PHASES, Kind, Phase, Severity
from tocsin.services.policy import BrokenPolicy, parse_policy

TEXT = (Path(__file__).parents[2] / "config" / "policy.toml").read_text()
LINES = len(TEXT.splitlines())


def refused(text: str) -> str:
    with pytest.raises(BrokenPolicy) as caught:
        parse_policy(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("added", "line", "says"),
    [
        ("[wiats]\nurgent = 5", 1, "wiats"),
        ("[audience.staff.lanes.sms]\nnormal = [[1, 60], [2, 600]]\nurgnet = 1", 3, "urgnet"),
        ("[lanes.pigeon]\nnormal = [[1, 60], [2, 600]]\nurgent = [[1, 60], [2, 600]]", 1, "pigeon"),
        ('[[audience.oncall.cell]]\nchannels = ["email", "pigeon"]', 2, "pigeon"),
        ('[[audience.oncall.cell]]\nphases = ["opened"]', 2, "add resolved"),
        ('[[audience.oncall.cell]]\nphases = ["opend", "resolved"]', 2, "'opend' is no phase"),
        ('[[audience.oncall.cell]]\nseverities = ["sev9"]', 2, "'sev9' is no severity"),
        ('[[audience.oncall.cell]]\ndigest = "8:00"', 2, 'as in "08:00"'),
        ('[[audience.oncall.cell]]\nevery = 60\ndigest = "hourly"', 3, "not both"),
        ("[[audience.oncall.cell]]\nevery = 60\n\n[[audience.oncall.cell]]\nevery = -1", 5, "greater than or equal"),
        ("[audience.partners]\nhead_start = 5", 1, "there is no audience 'partners'"),
        ('[[required]]\naudiences = ["nobody"]', 2, "there is no audience 'nobody'"),
        ("[audience.customers.lanes.fax]", 1, "fax"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(added: str, line: int, says: str) -> None:
    message = refused(f"{TEXT}\n{added}\n")
    assert f"line {LINES + 1 + line}," in message
    assert says in message


def test_audiences_that_are_like_each_other_in_a_circle_are_named() -> None:
    text = TEXT.replace("[audience.customers]", '[audience.customers]\nlike = "staff"').replace(
        "[audience.staff]", '[audience.staff]\nlike = "customers"'
    )
    message = refused(text)
    assert "staff is like customers is like staff: a circle" in message
    number = text.splitlines().index('like = "customers"') + 1
    assert f"line {number}, audience.staff.like" in message


def test_what_is_no_toml_is_named_with_its_line() -> None:
    assert "line 2" in refused("audiences = []\nurgent = sev1\n")


def test_a_line_that_is_missing_is_asked_for() -> None:
    assert "sev4 is missing" in refused(TEXT.replace('sev4 = ["oncall", "support", "customers"]\n', ""))


def test_an_audience_that_is_added_works_and_may_be_like_another() -> None:
    text = TEXT.replace('"staff", "customers"]\n\n# Inc', '"staff", "partners", "customers"]\n\n# Inc')
    policy = parse_policy(f'{text}\n[audience.partners]\nlike = "leadership"\nhead_start = 60\n')
    assert policy.cell("partners", ChannelName.EMAIL, Severity.SEV1).every == 1800
    assert policy.behind == {"customers": 60.0}


def test_two_cells_may_say_what_lasts_and_who_chose() -> None:
    text = f"""{TEXT}
[[audience.oncall.cell]]
channels = ["webhook"]
severities = ["sev2"]
lasts = 1800
chosen = true
"""
    cell = parse_policy(text).cell("oncall", ChannelName.WEBHOOK, Severity.SEV2)
    assert (cell.lasts, cell.chosen) == (1800, True)


def test_the_defaults_are_as_documented() -> None:
    policy = parse_policy(TEXT)
    first_and_last = Phase.OPENED | Phase.ESCALATED | Phase.RESOLVED
    grave, small = [Severity.SEV1, Severity.SEV2], [Severity.SEV3, Severity.SEV4]

    def phases(audience: str, channel: ChannelName, severities: list[Severity]) -> set[Phase]:
        return {policy.cell(audience, channel, severity).phases for severity in severities}

    assert phases("customers", ChannelName.SMS, grave + small) == {first_and_last}
    assert phases("customers", ChannelName.EMAIL, grave + small) == {ALL_PHASES}
    assert phases("customers", ChannelName.SOCIAL, grave) == {first_and_last}
    assert phases("customers", ChannelName.SOCIAL, small) == {Phase(0)}
    assert phases("oncall", ChannelName.SMS, grave) == phases("oncall", ChannelName.CHAT, small) == {ALL_PHASES}
    assert phases("oncall", ChannelName.SMS, small) == phases("leadership", ChannelName.PUSH, small) == {Phase(0)}
    assert phases("oncall", ChannelName.EMAIL, small) == phases("support", ChannelName.EMAIL, small)
    assert not phases("support", ChannelName.EMAIL, small) & {ALL_PHASES}
    assert phases("staff", ChannelName.CHAT, [Severity.SEV1]) == {ALL_PHASES}
    assert phases("staff", ChannelName.CHAT, small) == {first_and_last | Phase.MAINTENANCE}
    assert phases("staff", ChannelName.STATUS_PAGE, grave + small) == {ALL_PHASES}
    assert policy.cell("staff", ChannelName.CHAT, Severity.SEV1).every == 3600
    summaries = [policy.cell("leadership", ChannelName.CHAT, severity) for severity in Severity]
    assert [cell.every for cell in summaries] == [1800, 3600, 0, 0]
    assert [cell.digest for cell in summaries] == ["", "", "08:00", "08:00"]
    assert policy.own_lanes["customers", ChannelName.EMAIL].normal[1] == Tier(3, 1200.0)
    assert (policy.behind, policy.required) == ({}, ())


def test_what_is_required_holds_for_its_severities_and_kinds() -> None:
    policy = parse_policy(
        f'{TEXT}\n[[required]]\nseverities = ["sev1"]\nkinds = ["security"]\naudiences = ["oncall"]\n'
    )
    assert policy.required_of(Severity.SEV1, Kind.SECURITY) == {"oncall"}
    assert policy.required_of(Severity.SEV2, Kind.SECURITY) == frozenset()
    assert policy.required_of(Severity.SEV1, Kind.STANDARD) == frozenset()
