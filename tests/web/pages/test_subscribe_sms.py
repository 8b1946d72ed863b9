"""Numbers that join: a code proves whose they are, and nobody makes money of our texts."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from delivery.world import World
from joining import endpoints
from post_office import PostOffice
from tocsin.carrier_sections import Email, Sms
from tocsin.domain.channel import ChannelName, Receipt, ReceiptKind
from tocsin.sections import Subscribe
from tocsin.services.obey import obey
from tocsin.settings import Settings

NUMBER = "+14155552671"
ASKS = {"channel": "sms", "address_sms": NUMBER}


@pytest.fixture
def settings(database_url: str, broker_url: str, tmp_home: Path) -> Settings:
    return Settings(
        brand="Acme",
        home=tmp_home,
        database_url=database_url,
        broker_url=broker_url,
        public_url="http://status.test",
        secret=SecretStr("s" * 32),
        email=Email(smtp_url="smtp://127.0.0.1:9"),
        sms=Sms.model_validate({"twilio_account_sid": "AC1", "twilio_auth_token": "t", "from": "+15005550006"}),
        subscribe=Subscribe(per_network_an_hour=100, per_network_a_day=100),
    )


async def code(office: PostOffice, number: str = NUMBER) -> str:
    notice = (await office.notices(number, ChannelName.SMS))[-1]
    [found] = re.findall(r"code is (\d{6})", notice.short)
    return str(found)


async def test_a_number_joins_by_the_code_that_it_was_texted(
    visitor: httpx.AsyncClient, world: World, office: PostOffice
) -> None:
    asked = await visitor.post("/subscribe", data=ASKS | {"address_sms": "(415) 555-2671"})
    where = asked.headers["location"].partition("?")[0]
    assert "Type the code that we texted you." in (await visitor.get(where)).text
    sent = await code(office)
    wrong = await visitor.post(where, data={"do": "yes", "code": "000000" if sent != "000000" else "111111"})
    assert wrong.status_code == 422
    assert await endpoints(world) == []
    done = await visitor.post(where, data={"do": "yes", "code": f" {sent[:3]} {sent[3:]} "})
    assert done.headers["location"].startswith("/manage/")
    assert await endpoints(world) == [("sms", NUMBER, "active")]
    assert not await world.rows("SELECT 1 FROM opt_in WHERE code IS NOT NULL")


async def test_codes_cannot_be_guessed_and_come_to_their_end(
    visitor: httpx.AsyncClient, world: World, office: PostOffice
) -> None:
    where = (await visitor.post("/subscribe", data=ASKS)).headers["location"]
    sent = await code(office)
    await world.later(601)
    assert (await visitor.post(where, data={"do": "yes", "code": sent})).status_code == 422
    await visitor.post(where, data={"do": "again"})
    sent = await code(office)
    for _ in range(4):
        await visitor.post(where, data={"do": "yes", "code": "x"})
    late = await visitor.post(where, data={"do": "yes", "code": sent})
    assert late.status_code == 422
    assert "That was tried too often." in late.text
    assert await endpoints(world) == []


@pytest.mark.parametrize(
    "number",
    ["+19005551234", "+442071838750", "+4915123456789", "+18765551234", "+1", "911", "hello", ""],
    ids=["premium", "landline", "another-country", "same-code-another-country", "short", "emergency", "words", "empty"],
)
async def test_numbers_that_cost_a_fortune_or_are_elsewhere_are_refused(
    visitor: httpx.AsyncClient, world: World, number: str
) -> None:
    answer = await visitor.post("/subscribe", data=ASKS | {"address_sms": number})
    assert answer.status_code == 422
    assert f'value="{number}"' in answer.text
    assert await world.rows("SELECT count(*) FROM notice") == [(0,)]


async def test_a_block_of_numbers_gets_ten_texts_a_day(
    visitor: httpx.AsyncClient, world: World, office: PostOffice
) -> None:
    for number in range(20):
        answer = await visitor.post("/subscribe", data=ASKS | {"address_sms": f"+1415555{2600 + number}"})
        assert answer.status_code == 303  # nobody is told
    assert await office.send(ChannelName.SMS) == 10
    assert await world.rows("SELECT count(*) FROM opt_in") == [(20,)]


async def test_whoever_stopped_is_texted_no_code_until_they_start_again(
    visitor: httpx.AsyncClient, world: World, office: PostOffice, settings: Settings
) -> None:
    secret = settings.secret.get_secret_value()

    async def text(kind: ReceiptKind) -> None:
        await obey(world.engine, ChannelName.SMS, [Receipt("", kind, "", "texted", address=NUMBER)], secret)

    await text(ReceiptKind.OPTED_OUT)  # a stranger to us
    answer = await visitor.post("/subscribe", data=ASKS)
    assert answer.status_code == 303
    assert await office.notices(NUMBER, ChannelName.SMS) == []
    await text(ReceiptKind.OPTED_IN)
    where = (await visitor.post("/subscribe", data=ASKS)).headers["location"]
    await visitor.post(where, data={"do": "yes", "code": await code(office)})
    await text(ReceiptKind.OPTED_OUT)
    assert await endpoints(world) == [("sms", NUMBER, "opted_out")]
    await text(ReceiptKind.OPTED_IN)
    assert await endpoints(world) == [("sms", NUMBER, "active")]
    assert await world.rows("SELECT what, how FROM consent ORDER BY id") == [
        ("asked", "page"), ("confirmed", "code"), ("withdrawn", "reply"), ("returned", "reply")
    ]  # fmt: skip
