"""A carrier's reports, said again and out of order, signed as the carrier signs them."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from faults.act import Act
from tocsin.practice.outbox import outbox_path
from tocsin.practice.twilio_log import thread
from tocsin.practice.twilio_reports import TwilioVoice


def repeat_receipts(act: Act, statuses: Sequence[str]) -> None:
    """Report every text of this act once for each of `statuses`, in that order."""
    told = act.stage.told
    voice = TwilioVoice(told["TOCSIN_SMS__TWILIO_ACCOUNT_SID"], told["TOCSIN_SMS__TWILIO_AUTH_TOKEN"], "")
    texts = [thread(outbox_path(act.stage.home), number, 1)[0] for number in sorted(act.stage.kept["sms"])]
    with httpx.Client() as client:
        for status in statuses:
            for text in texts:
                call = voice.report(text, status, None)
                assert call is not None
                answer = client.post(call.url, content=call.content, headers=call.headers)
                assert answer.is_success, answer.text
