"""What is told now where nothing is paced: all that is due, and nothing before the time that its provider was given."""

from __future__ import annotations

import pytest

from tocsin.domain.channel import OnUnknown
from tocsin.domain.delivery import Reason
from tocsin.domain.flood import Waits
from tocsin.domain.incident import Phase, Severity, Standing, Status
from tocsin.domain.outline import Plan, Rules
from tocsin.domain.rows import Row, Version
from tocsin.domain.tell import tell

NOW = 1_000.0
UNPACED = Rules(None, Waits(0.0, 0.0, 0.0), Severity.SEV1, merges=False, on_unknown=OnUnknown.RESEND_FREELY)
OPEN = Standing(Status.INVESTIGATING, Severity.SEV1)
VERSIONS = {
    number: Version(number, f"u{number}", number, 1, OPEN, Phase.OPENED, 1, is_public=True, notify=True)
    for number in (1, 2)
}
NEWEST = {version.incident_id: [version] for version in VERSIONS.values()}


def owed(update: int, reason: Reason | None, due: float) -> Row:
    state = "held" if reason else "pending"
    return Row(
        7, update, 3, 0, state, reason, NOW - 60, due, 1, 0, None, "e7", "active", "someone", 1, "Someone",
        "en", "UTC", None, None, None, 0.0, 0.0, 0.0, 0.0, 0.0, (),
    )  # fmt: skip


@pytest.mark.parametrize("reason", [Reason.RETRYING, Reason.PROVIDER_DOWN])
def test_what_waits_for_its_provider_is_not_tried_before_its_time(reason: Reason) -> None:
    plan = Plan()
    tell(plan, [owed(1, reason, NOW + 300)], VERSIONS, NEWEST, NOW, UNPACED)
    assert not plan.messages
    assert plan.waiting == {3: {1: NOW + 300}}


@pytest.mark.parametrize("reason", [Reason.RETRYING, Reason.PROVIDER_DOWN])
def test_what_waited_for_its_provider_is_tried_when_its_time_has_come(reason: Reason) -> None:
    plan = Plan()
    tell(plan, [owed(1, reason, NOW)], VERSIONS, NEWEST, NOW, UNPACED)
    assert [message.rows[0].update_id for message in plan.messages] == [1]


def test_what_is_new_is_told_at_once() -> None:
    plan = Plan()
    tell(plan, [owed(1, None, NOW), owed(2, None, NOW)], VERSIONS, NEWEST, NOW, UNPACED)
    assert [message.rows[0].update_id for message in plan.messages] == [1, 2]
