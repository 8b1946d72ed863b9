"""Which time zones somebody may choose."""

from __future__ import annotations

import pytest

from tocsin.services import known_zones


@pytest.mark.parametrize("name", ["localtime", "Factory", "Europe/Nowhere", "../../etc/passwd", "\x00", ""])
def test_what_is_no_place_is_no_zone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = {"Europe/Berlin", "UTC", "localtime", "Factory"}
    monkeypatch.setattr(known_zones, "available_timezones", lambda: installed)
    known_zones.zones.cache_clear()
    assert known_zones.known_zone(name) == "UTC"
    assert known_zones.known_zone("Europe/Berlin") == "Europe/Berlin"
    known_zones.zones.cache_clear()
