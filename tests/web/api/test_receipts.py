"""Providers' reports at the door: signed for the address that the world knows, and shut where no secret is set."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from twilio.request_validator import RequestValidator

from tocsin.carrier_sections import Email, Sms
from tocsin.domain.tokens import Signer
from tocsin.settings import Settings

SECRET, TOKEN = "s" * 32, "primary"
PATH = f"/receipts/twilio?delivery={Signer(SECRET, 'delivery').make(1, 2)}"
FIELDS = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+14155552671"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def settings(database_url: str, broker_url: str, tmp_home: Path) -> Settings:
    account = {"twilio_account_sid": f"AC{'0' * 32}", "twilio_auth_token": TOKEN, "from": "+14155550100"}
    return Settings(
        home=tmp_home,
        database_url=database_url,
        broker_url=broker_url,
        public_url="https://status.test",
        secret=SecretStr(SECRET),
        email=Email(smtp_url="smtp://127.0.0.1:9"),
        sms=Sms.model_validate(account),
    )


@pytest.fixture
async def proxy(app: FastAPI) -> httpx.AsyncClient:
    """Return what hands requests on to us, under a name and a port of its own."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://web:8000")


async def post(proxy: httpx.AsyncClient, path: str, signed: str) -> int:
    signature = RequestValidator(TOKEN).compute_signature(signed, FIELDS)
    answer = await proxy.post(path, content=urlencode(FIELDS), headers={**FORM, "X-Twilio-Signature": signature})
    return answer.status_code


async def test_what_is_signed_for_our_public_address_is_believed_behind_a_proxy(proxy: httpx.AsyncClient) -> None:
    assert await post(proxy, PATH, f"https://status.test{PATH}") == 204


@pytest.mark.parametrize(
    "signed",
    [
        f"http://web:8000{PATH}",
        f"http://status.test{PATH}",
        "https://status.test/receipts/twilio",
        f"https://status.test{PATH}0",
    ],
)
async def test_what_is_signed_for_another_address_is_refused(proxy: httpx.AsyncClient, signed: str) -> None:
    assert await post(proxy, PATH, signed) == 422


async def test_a_report_cannot_be_turned_to_another_delivery(proxy: httpx.AsyncClient) -> None:
    other = f"/receipts/twilio?delivery={Signer(SECRET, 'delivery').make(1, 3)}"
    assert await post(proxy, other, f"https://status.test{PATH}") == 422


@pytest.mark.parametrize("given", ["Bearer ", "Bearer", "Basic Og==", ""])
async def test_where_no_token_is_set_no_bounce_is_taken(proxy: httpx.AsyncClient, given: str) -> None:
    answer = await proxy.post("/receipts/smtp", content=b"To: bounce-1@x\r\n\r\n", headers={"Authorization": given})
    assert answer.status_code == 422
    assert "receipt_token" in answer.json()["detail"]
