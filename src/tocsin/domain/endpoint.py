"""Endpoints: one address of a subscriber on one channel, and whether it may be written to."""

from __future__ import annotations

from enum import StrEnum

from tocsin.domain.delivery import Reason


class EndpointState(StrEnum):
    UNCONFIRMED = "unconfirmed"
    ACTIVE = "active"
    PAUSED = "paused"
    QUARANTINED = "quarantined"
    OPTED_OUT = "opted_out"


SUPPRESSED_BECAUSE: dict[EndpointState, Reason] = {
    EndpointState.UNCONFIRMED: Reason.UNCONFIRMED,
    EndpointState.PAUSED: Reason.PAUSED,
    EndpointState.QUARANTINED: Reason.QUARANTINED,
    EndpointState.OPTED_OUT: Reason.OPTED_OUT,
}
