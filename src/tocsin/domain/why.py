"""Why a delivery stands as it does, in words for whoever asks."""

from __future__ import annotations

from tocsin.domain.delivery import NOT_ELIGIBLE, Reason, Rule, State


def why(
    state: State,
    reason: str | None,
    *,
    due_at: str | None,
    done_at: str | None,
    receipt_at: str | None,
    provider: str | None,
    note: str | None,
    rule: str | None = None,
) -> str:
    """Return one or two sentences; times are as they are to be shown."""
    said = _state(state, reason, due_at=due_at, done_at=done_at, receipt_at=receipt_at, provider=provider, note=note)
    decided = rule_of(state, rule)
    return said if decided is None else f"{said} Meant for them: {decided.words}."


def rule_of(state: State, rule: str | None) -> Rule | None:
    """Return the rule that decided that a row is sent, None where it is not to be: then the reason is the rule."""
    if state in NOT_ELIGIBLE:
        return None
    return Rule(rule) if rule in set(Rule) else Rule.AUDIENCE


def _state(  # noqa: PLR0911 - one sentence a state, as in a table
    state: State,
    reason: str | None,
    *,
    due_at: str | None,
    done_at: str | None,
    receipt_at: str | None,
    provider: str | None,
    note: str | None,
) -> str:
    because = _words(reason)
    said = f" ({note})" if note else ""
    carrier = provider or "The provider"
    match state:
        case State.HELD:
            return f"Held until {due_at}: {because}{said}."
        case State.PENDING:
            return f"Due since {due_at}: {_goes_out(reason)}."
        case State.SENDING:
            return "It is being handed to the provider at this moment."
        case State.UNKNOWN:
            return f"Nobody knows yet: {because}{said}. It is looked at again at {due_at}."
        case State.ACCEPTED:
            return f"{carrier} took it at {done_at}{f'; {because}' if because else ''}."
        case State.DELIVERED:
            return f"{carrier} took it at {done_at}, and reported at {receipt_at} that it arrived."
        case State.BOUNCED:
            return f"{carrier} took it at {done_at}, and it came back: {because}{said}."
        case State.FAILED:
            return f"Not delivered: {because}{said}."
        case State.SKIPPED | State.SUPPRESSED | State.SUPERSEDED | State.EXPIRED | State.CANCELLED:
            return f"Not sent: {because}{said}."


def _goes_out(reason: str | None) -> str:
    if reason == Reason.CHANNEL_PAUSED:
        return f"it goes out when the channel is resumed; {_words(reason)}"
    because = _words(reason)
    return f"it goes out with the next batch{f'; {because}' if because else ''}"


def _words(reason: str | None) -> str:
    if reason is None:
        return ""
    return Reason(reason).words if reason in set(Reason) else reason.replace("_", " ")
