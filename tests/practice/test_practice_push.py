"""The practice push service, through the channel as it is in production: each browser does what its table says."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

from pushes import CONTACT, PRIVATE_KEY, practising
from tocsin.domain.channel import Accepted, Result
from tocsin.domain.errors import AddressDead, Ambiguous, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin.domain.reach import Reach
from tocsin.domain.subscription import read_subscription
from tocsin.domain.vapid_key import new_private_key, public_key
from tocsin.practice.push_behaviour import BEHAVIOURS
from tocsin.practice.push_browser import subscription_of
from tocsin.practice.push_log import browsers, pushed
from tocsin.practice.push_vapid import fault_of
from tocsin_channels.push.seal import seal_all
from tocsin_channels.push.vapid import Vapid

MEANS: dict[str, type[Result]] = {
    "gone": AddressDead,
    "missing": AddressDead,
    "other-key": ProviderDown,
    "small": GiveUp,
    "busy": TooFast,
    "stumbles": TryAgain,
    "page": Ambiguous,
    "hangup": Ambiguous,
    "silent": Ambiguous,
    "slow": Accepted,
}


def test_every_browser_of_the_table_is_tried() -> None:
    assert set(MEANS) == {behaviour.name for behaviour in BEHAVIOURS}


@pytest.mark.parametrize("name", sorted(MEANS))
async def test_a_browser_does_what_its_table_says(tmp_path: Path, name: str) -> None:
    async with practising(tmp_path) as practice:
        [result] = await practice.push(f"{name}+two")
        [got] = practice.got(f"{name}+two")
    assert type(result) is MEANS[name]
    assert got.kept is (name in {"slow", "hangup", "page"})
    assert '"title":"Checkout is failing"' in got.opened


async def test_who_is_busy_or_stumbles_takes_the_message_later(tmp_path: Path) -> None:
    async with practising(tmp_path) as practice:
        said = [(await practice.push("busy"))[0] for _ in range(3)]
        assert [type(one) for one in said] == [TooFast, TooFast, Accepted]
        assert isinstance(said[0], TooFast)
        assert said[0].retry_after == 1
        assert [type((await practice.push("stumbles"))[0]) for _ in range(2)] == [TryAgain, Accepted]


async def test_who_signs_with_another_key_is_refused(tmp_path: Path) -> None:
    async with practising(tmp_path, key=new_private_key()) as practice:
        [result] = await practice.push("acme")
        [got] = practice.got("acme")
    assert isinstance(result, ProviderDown)
    assert (got.answer, got.kept) == ("403", False)
    assert "another key" in got.vapid


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 201),
        ({"TTL": None}, 400),
        ({"TTL": "soon"}, 400),
        ({"Topic": "x" * 33}, 400),
        ({"Topic": "a b"}, 400),
        ({"Urgency": "now"}, 400),
        ({"Content-Encoding": "aesgcm"}, 415),
        ({"Authorization": None}, 401),
        ({"Authorization": "vapid t=a.b.c,k=d"}, 403),
    ],
)
async def test_it_refuses_what_real_services_refuse(
    tmp_path: Path, changed: dict[str, str | None], status: int
) -> None:
    async with practising(tmp_path) as practice, httpx.AsyncClient() as client:
        url = f"http://{practice.host}/push/acme"
        signed = Vapid(PRIVATE_KEY, CONTACT).authorization(f"http://{practice.host}")
        right = {"TTL": "60", "Content-Encoding": "aes128gcm", "Authorization": signed}
        headers = {name: value for name, value in (right | changed).items() if value is not None}
        assert (await client.post(url, content=b"x", headers=headers)).status_code == status
        if status == 201:
            assert (await client.post(url, content=b"x" * 4097, headers=headers)).status_code == 413


def test_a_signature_must_be_ours_for_this_service_and_of_today() -> None:
    key, origin, now = public_key(PRIVATE_KEY), "http://127.0.0.1:1", time.time()
    right = Vapid(PRIVATE_KEY, CONTACT).authorization(origin)
    assert fault_of(right, key, origin, now) == ""
    assert "another push service" in fault_of(right, key, "http://127.0.0.1:2", now)
    assert "expired" in fault_of(right, key, origin, now + 13 * 3600)
    assert "more than a day" in fault_of(right, key, origin, now - 13 * 3600)
    assert "nobody to write to" in fault_of(Vapid(PRIVATE_KEY, "status").authorization(origin), key, origin, now)
    token, _, rest = right.rpartition(",")
    forged = token[:-4] + ("AAAA" if not token.endswith("AAAA") else "BBBB")
    assert fault_of(f"{forged},{rest}", key, origin, now) == "the signature is wrong"
    assert "no VAPID" in fault_of("Bearer x", key, origin, now)


async def test_a_browsers_subscription_is_handed_out_and_sealed_for(tmp_path: Path) -> None:
    async with practising(tmp_path) as practice, httpx.AsyncClient() as client:
        given = (await client.get(f"http://{practice.host}/push/acme/subscription")).json()
    read = read_subscription(given, Reach(practice=practice.host))
    assert read == subscription_of("acme", practice.host)
    assert len(seal_all([(read.written, b"x")])) == 1


def test_a_log_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    assert browsers(tmp_path / "outbox.sqlite") == []
    assert pushed(tmp_path / "outbox.sqlite", "acme") == []
