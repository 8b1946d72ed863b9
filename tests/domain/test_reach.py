"""Which addresses are taken: vectors of everything that people have written to get inside."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.domain.errors import Refused
from tocsin.domain.reach import Reach, is_public, read_url

CLOSED = [
    "0.0.0.0", "0.1.2.3", "10.0.0.0", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.0.9",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.170", "192.0.2.1", "192.88.99.1",
    "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
    "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1",
    "2001:10::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::", "3fff::1", "5f00::1", "fc00::1", "fd12:3456::1",
    "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2606:4700:4700::1111%eth0",
]  # fmt: skip
OPEN = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.15.255.255", "172.32.0.1",
        "192.0.3.1", "198.17.255.255", "198.20.0.1", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450::1",
        "::ffff:8.8.8.8"]  # fmt: skip


@pytest.mark.parametrize("address", CLOSED)
def test_an_address_that_is_not_of_the_public_internet_is_closed(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OPEN)
def test_any_other_is_open(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f000001", "1.2.3.4.5", "1.2.3", "[1::]", "\u0661.1.1"])
def test_what_is_no_address_is_closed(text: str) -> None:
    assert not is_public(text)


@given(st.ip_addresses())
def test_whatever_python_holds_for_private_is_closed(address: object) -> None:
    if not ip_address(str(address)).is_global:
        assert not is_public(str(address))


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.COM:443/Hook?A=b", "https://example.com/Hook?A=b"),
        ("https://example.com./x", "https://example.com/x"),
        ("https://xn--mnchen-3ya.de/", "https://xn--mnchen-3ya.de/"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://[2606:4700:4700:0:0::1111]/", "https://[2606:4700:4700::1111]/"),
        ("https://example.com/a%20b;c=1?x=%2F&y=[1]", "https://example.com/a%20b;c=1?x=%2F&y=[1]"),
    ],
)
def test_an_address_has_one_spelling(written: str, kept: str) -> None:
    assert read_url(written, Reach()) == kept
    assert read_url(kept, Reach()) == kept


@pytest.mark.parametrize(
    "written",
    [
        "",
        "example.com/hook",
        "//example.com/hook",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://example.com/",
        "https://",
        "https:///hook",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://example.com@127.0.0.1/",
        "https://127.0.0.1\\@example.com/",
        "https://example.com\\.evil.example/",
        "https://example.com/#part",
        "https://example.com/#",
        "https://example.com:8443/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:port/",
        "https://exa mple.com/",
        " https://example.com/",
        "https://example.com/\n",
        "https://exa\tmple.com/",
        "https://exam%70le.com/",
        "https://example..com/",
        "https://-example.com/",
        "https://" + "a" * 64 + ".com/",
        "https://example.com/" + "a" * 2_000,
        "https://localhost/",
        "https://LOCALHOST./",
        "https://intranet/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://127.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://00127.0.0.1/",
        "https://127.0.0.1./",
        "https://127.0.0.0x1/",
        "https://①②⑦.⓪.⓪.①/",
        "https://127。0。0。1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[0:0:0:0:0:ffff:169.254.169.254]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[2002:a9fe:a9fe::]/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[::1/",
        "https://::1/",
        "https://[v1.a]/",
    ],
)
def test_an_address_that_leads_inside_or_hides_where_it_leads_is_refused(written: str) -> None:
    with pytest.raises(Refused) as refused:
        read_url(written, Reach())
    assert refused.value.field == "address"


@given(st.text(max_size=80))
def test_no_text_at_all_makes_it_stumble(text: str) -> None:
    for written in (text, f"https://{text}", f"https://example.com/{text}", f"https://[{text}]/"):
        try:
            kept = read_url(written, Reach())
        except Refused:
            continue
        assert read_url(kept, Reach()) == kept
        assert kept.isascii()


def test_ports_are_those_that_operators_opened() -> None:
    assert read_url("https://example.com:8443/", Reach(ports=frozenset({443, 8443}))) == "https://example.com:8443/"


def test_the_practice_receiver_is_reached_in_the_clear_and_nothing_near_it() -> None:
    reach = Reach(practice="127.0.0.1:2580")
    assert read_url("http://127.0.0.1:2580/webhook/a", reach) == "http://127.0.0.1:2580/webhook/a"
    assert reach.allows("127.0.0.1", 2580)
    assert not reach.allows("127.0.0.1", 2581)
    assert not reach.allows("127.0.0.2", 2580)
    for near in ("http://127.0.0.1:2581/", "http://127.0.0.2:2580/", "http://localhost:2580/", "http://127.0.0.1/"):
        with pytest.raises(Refused):
            read_url(near, reach)


def test_only_tests_may_go_anywhere() -> None:
    reach = Reach(private=True)
    assert read_url("http://localhost:8000/x", reach) == "http://localhost:8000/x"
    assert reach.allows("10.0.0.1", 8080)
    with pytest.raises(Refused):
        read_url("ftp://localhost/", reach)
