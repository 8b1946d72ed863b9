"""What a browser gives is read strictly, and comes out in one spelling."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain.errors import Refused
from tocsin.domain.reach import Reach
from tocsin.domain.subscription import kept_subscription, key_of, read_subscription, shown, spoken
from tocsin.domain.vapid_key import new_private_key, public_key, read_private_key
from tocsin.practice.push_browser import subscription_of

GIVEN: dict[str, Any] = {
    "endpoint": "https://push.example/send/abc",
    "expirationTime": None,
    "keys": subscription_of("acme", "x").as_object()["keys"],
}


def given_with(**keys: object) -> dict[str, Any]:
    return GIVEN | {"keys": GIVEN["keys"] | keys}


def test_what_a_browser_gives_is_taken_as_an_object_and_as_a_line() -> None:
    read = read_subscription(GIVEN, Reach())
    assert read == read_subscription(json.dumps(GIVEN), Reach()) == kept_subscription(read.written)
    assert read.origin == "https://push.example"
    assert shown(read.written) == {"endpoint": GIVEN["endpoint"], "keys": GIVEN["keys"]}
    assert key_of(read.written) == GIVEN["endpoint"]
    assert spoken(read.written) == "a browser (push.example …nd/abc)"


def test_other_addresses_are_shown_and_spoken_as_they_are() -> None:
    for address in ("ada@example.com", "{ada@example.com", "+14155550101"):
        assert shown(address) == spoken(address) == key_of(address) == address


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("https://push.example/send/abc", "Send the subscription"),
        ([], "Send the subscription"),
        ({}, "keys p256dh and auth"),
        (GIVEN | {"more": 1}, "no 'more'"),
        (GIVEN | {"keys": {"p256dh": "BA"}}, "keys p256dh and auth"),
        (GIVEN | {"keys": "x"}, "keys p256dh and auth"),
        ({"keys": GIVEN["keys"]}, "has an endpoint"),
        (GIVEN | {"endpoint": 7}, "has an endpoint"),
        (GIVEN | {"endpoint": "http://push.example/x"}, "https"),
        (GIVEN | {"endpoint": "https://10.0.0.1/x"}, "private network"),
        (GIVEN | {"endpoint": "https://push.example:8443/x"}, "Port 8443"),
        (GIVEN | {"endpoint": "https://push.example/" + "a" * 2_000}, "2,000 characters"),
        (given_with(auth="AAAA"), "3 bytes long"),
        (given_with(auth=None), "auth is not base64url"),
        (given_with(auth="!"), "auth is not base64url"),
        (given_with(auth="A"), "auth is not base64url"),
        (given_with(p256dh="AAAA"), "no point"),
        (given_with(p256dh="B" + "A" * 86), "no point"),
    ],
)
def test_what_is_no_subscription_is_refused_with_what_to_mend(value: object, told: str) -> None:
    with pytest.raises(Refused, match=told) as refused:
        read_subscription(value, Reach())
    assert refused.value.field == "address"


@given(st.binary(min_size=64, max_size=64))
def test_a_point_is_on_the_curve_where_the_library_says_so(coordinates: bytes) -> None:
    import base64  # noqa: PLC0415

    point = b"\x04" + coordinates
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        is_point = True
    except ValueError:
        is_point = False
    text = base64.urlsafe_b64encode(point).decode()
    try:
        read_subscription(given_with(p256dh=text), Reach())
        taken = True
    except Refused:
        taken = False
    assert taken is is_point


def test_new_keys_are_keys() -> None:
    made = new_private_key()
    point = read_private_key(made).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert len(point) == 65
    assert len(public_key(made)) == 87
    assert new_private_key() != made


@pytest.mark.parametrize("text", ["x", "AAAA", "A" * 43, "_" * 43, "not base64!", "-----BEGIN EC PRIVATE KEY-----"])
def test_what_is_no_key_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(ValueError, match="make secrets"):
        public_key(text)
