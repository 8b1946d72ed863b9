"""Words that cannot be followed: told in the log, and no channel stays away for them."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from tocsin import settings
from tocsin.domain.channel import ChannelName
from tocsin_channels.registry import build
from tocsin_channels.registry_words import read_words
from words_to_send import broken_config


def test_faults_of_all_channels_are_logged_once_and_channels_are_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_CONFIG", str(broken_config(tmp_path)))
    with structlog.testing.capture_logs() as logged:
        channels = build(settings.read())
        read_words()
    assert ChannelName.CHAT in channels
    told = [one["why"] for one in logged if one["event"] == "template.refused"]
    assert told == list(read_words().faults)
    stranger, sms = told
    assert stranger == "mail: Nothing reads this. There are folders for email, sms, social, chat, push."
    assert sms.startswith("sms/one.txt, line 2: {{tilte}} is not known here. Did you mean {{title}}?")
