"""Faults of providers and of the network before them: answers that never come, come late, or say "not now"."""

from __future__ import annotations

import re
import time
from typing import Final
from urllib.parse import unquote

from faults.act import Act
from faults.proxy import Mood
from faults.receipts import repeat_receipts
from faults.records import ask, outbox_of
from tocsin_up import until

_A_DOUBT: Final = 130.0  # seconds that a report of a text is waited for, and some
_TO: Final = re.compile(rb"\bTo=([^&]+)")


def drop_after_the_final_dot(act: Act) -> None:
    """Cut connections when a mail was taken and its answer is on its way."""
    cuts = act.stage.scale.few
    act.stage.proxies.mail.be(Mood.CUT_ANSWER, most=cuts)
    act.open()
    until(lambda: act.stage.proxies.mail.bitten >= cuts, "answers were cut")
    act.cleared()
    act.settle(skip=True)
    act.expected_copies = cuts  # taken twice with the same Message-ID, and labelled


def cut_the_answer(act: Act) -> None:
    """Cut answers of whoever is spoken to by HTTP, when they have taken what was sent."""
    cuts = act.stage.scale.few // 2
    spoken_to = (act.stage.proxies.texts, act.stage.proxies.calls, act.stage.proxies.chat)
    for proxy in spoken_to:
        proxy.be(Mood.CUT_ANSWER, most=cuts)
    act.open()
    until(lambda: all(proxy.bitten >= cuts for proxy in spoken_to), "answers were cut")
    act.cleared()
    act.settle(skip=True)


def ask_for_patience(act: Act) -> None:
    """Answer 429 with Retry-After to texts: none is tried again before that, and all go out after it."""
    scale, texts = act.stage.scale, act.stage.proxies.texts
    head = f"HTTP/1.1 429 Too Many Requests\r\nRetry-After: {scale.retry_after}\r\nContent-Type: application/json\r\n"
    body = '{"code": 20429, "message": "Too Many Requests", "status": 429}'
    canned = f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
    texts.be(Mood.ANSWER, canned=canned)
    act.open()
    until(lambda: bool(texts.swallowed), "a text was refused")
    refused_at = time.time()
    time.sleep(0.5)  # for those that were asked at the same time
    numbers = {unquote(found.decode()) for found in _TO.findall(b" ".join(texts.swallowed))}
    act.cleared()
    time.sleep(scale.retry_after)
    act.cleared()  # they have been as patient as they were asked to be
    act.settle(skip=True)
    with outbox_of(act.stage.home) as outbox:
        asked = "SELECT recipient, received_at FROM sms_text WHERE received_at >= ?"
        again = [(to, at) for to, at in outbox.execute(asked, (act.began_at,)) if to in numbers]
    assert {to for to, _ in again} == numbers
    act.figures["seconds from the first refusal to the last text"] = max(at for _, at in again) - refused_at
    early = [to for to, at in again if at < refused_at + scale.retry_after - 0.5]
    assert not early, "they were tried again before they wanted to be"


def hang(act: Act) -> None:
    """Let a mail server fall silent in the middle: other channels go on, and nobody holds a database connection."""
    stage = act.stage
    act.slow_mail()
    act.open()
    act.in_flight()
    stage.proxies.mail.be(Mood.BLACK_HOLE)
    act.struck()
    hung_at = time.monotonic()
    until(lambda: act.is_done(but_for="email"), "everybody else has heard")
    held = _transactions(act)
    while time.monotonic() < hung_at + stage.scale.hanging and held:
        time.sleep(0.2)
        held &= _transactions(act)
    time.sleep(max(0.0, hung_at + stage.scale.hanging - time.monotonic()))
    assert not held, "somebody holds a transaction for as long as it hangs"
    assert act.unfinished(), "nothing hung"
    act.cleared()
    act.settle(skip=True)


def swallow_texts(act: Act) -> None:
    """Let a carrier swallow every text and every question for a while, then texts alone: all are heard in the end."""
    texts, all_of_them = act.stage.proxies.texts, len(act.stage.kept["sms"])
    texts.be(Mood.BLACK_HOLE)
    act.open()
    until(lambda: _in_doubt(act, 1) == all_of_them, "no text was answered for")
    act.stage.later(_A_DOUBT)  # and nobody can be asked about them either
    time.sleep(act.stage.scale.hanging)
    assert _in_doubt(act, 1) == all_of_them, "a question that nobody answers is no second doubt"
    texts.be(Mood.SWALLOW)
    until(lambda: _swallowed_again(act), "some were looked for, and swallowed once more")
    act.cleared()
    act.settle(skip=True)
    act.expected_copies = 0


def _swallowed_again(act: Act) -> bool:
    act.stage.later(_A_DOUBT)
    return _in_doubt(act, 2) > 0


def _in_doubt(act: Act, doubts: int) -> int:
    """Return how many texts have been in doubt so often, and are."""
    found = ask(
        act.stage.home,
        f"""SELECT count(*) AS n FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id
        JOIN incident_update u ON u.id = d.update_id
        WHERE e.channel = 'sms' AND u.public_id = '{act.updates[-1]}' AND d.state = 'unknown'
          AND d.unknowns = {doubts}""",
    )
    number: int = found[0]["n"]
    return number


def receipts_come_first(act: Act) -> None:
    """Hold the carrier's answers until it has reported each text as delivered; say it thrice, and older news last."""
    stage = act.stage
    texts = stage.proxies.texts
    texts.be(Mood.HOLD_ANSWER)
    act.open()
    until(lambda: _reported(act) == len(stage.kept["sms"]), "every text was reported before its answer came")
    repeat_receipts(act, ("delivered", "sent", "delivered", "queued", "sending"))
    texts.be(Mood.PASS)
    act.cleared()
    act.settle(skip=True)
    found = ask(
        stage.home,
        f"""SELECT d.state::text, count(*) AS n FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id
        JOIN incident_update u ON u.id = d.update_id
        WHERE e.channel = 'sms' AND u.public_id = '{act.updates[-1]}' GROUP BY 1""",
    )
    assert {row["state"]: row["n"] for row in found} == {"delivered": len(stage.kept["sms"])}


def _transactions(act: Act) -> set[tuple[int, object]]:
    """Return which transactions are open, by connection and beginning."""
    found = ask(
        act.stage.home,
        """SELECT pid, xact_start FROM pg_stat_activity
        WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' AND xact_start IS NOT NULL""",
    )
    return {(row["pid"], row["xact_start"]) for row in found}


def _reported(act: Act) -> int:
    with outbox_of(act.stage.home) as outbox:
        asked = "SELECT count(*) FROM sms_text WHERE received_at >= ? AND status = 'delivered'"
        number: int = outbox.execute(asked, (act.began_at,)).fetchone()[0]
        return number
