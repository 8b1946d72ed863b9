"""From settings to the SMS channel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin import settings
from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import Refused
from tocsin_channels.carried import CarriedChannel
from tocsin_channels.registry import build

TWILIO = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "secret", "FROM": "+14155550100"}
VONAGE = {"PROVIDER": "vonage", "VONAGE_API_KEY": "key", "VONAGE_API_SECRET": "secret", "FROM": "ACME"}


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> CarriedChannel | None:
    """Return the channel that the variables make, None where there is none."""
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path))
    for name, value in request.param.items():
        monkeypatch.setenv(f"TOCSIN_SMS__{name}", value)
    channel = build(settings.read()).get(ChannelName.SMS)
    assert channel is None or isinstance(channel, CarriedChannel)
    return channel


@pytest.mark.parametrize("built", [{}, {"FROM": "+14155550100"}, {"VONAGE_API_KEY": "key"}], indirect=True)
def test_without_an_account_there_is_no_channel(built: CarriedChannel | None) -> None:
    assert built is None


@pytest.mark.parametrize(("built", "provider"), [(TWILIO, "twilio"), (VONAGE, "vonage")], indirect=["built"])
def test_an_account_makes_a_channel_whose_receipts_have_an_address_of_their_own(
    built: CarriedChannel | None, provider: str
) -> None:
    assert built is not None
    assert built.provider == provider
    assert built.limits.merges
    assert not built.limits.threads


@pytest.mark.parametrize("sender", ["", " , ", "nonsense sender name", "+1", "MG1234567890123", "12", "<b>"])
def test_a_sender_that_cannot_send_is_refused_with_an_example(
    sender: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path))
    for name, value in {**TWILIO, "FROM": sender}.items():
        monkeypatch.setenv(f"TOCSIN_SMS__{name}", value)
    with pytest.raises(Refused, match=r"\+14155550100"):
        build(settings.read())
