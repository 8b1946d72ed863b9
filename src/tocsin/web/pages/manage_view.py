"""What the manage page shows: a sentence for each address, open incidents, and what was sent lately with its why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from tocsin.domain.channel import ChannelName
from tocsin.domain.delivery import Reason, State
from tocsin.domain.endpoint import EndpointState
from tocsin.domain.incident import Phase, Severity
from tocsin.domain.language import Language
from tocsin.domain.sentence import paused, sentence
from tocsin.domain.speech import PHASES
from tocsin.domain.timing import zone
from tocsin.services.choose import chosen, paused_until, version_of
from tocsin.services.known_zones import zones
from tocsin.services.public_address import offered
from tocsin.store import attention, chooser, mine, opt_ins
from tocsin.store.engine import begin
from tocsin.store.mine import Heard
from tocsin.store.subscribers import Endpoint, Subscriber
from tocsin.web.deps import Site
from tocsin.web.pages.manage_why import heard_words
from tocsin.web.pages.manage_words import DAYS_SHORT, DONE, LEAST, MODES, NAMES, PROBLEMS, STATES
from tocsin.web.pages.preference_form import Choices, of_endpoint
from tocsin.web.pages.reader import languages

_MOST_HEARD: Final = 20
_MOST_ROWS: Final = 400  # each of theirs has one
_RESUBSCRIBABLE: Final = frozenset({ChannelName.EMAIL, ChannelName.SMS, ChannelName.CHAT})


@dataclass
class Notes:
    """What came of what was just done: a word, a problem, forms with what was typed, a secret to be seen once."""

    done: str = ""
    problem: str = ""
    typed: dict[str, Choices] = field(default_factory=dict[str, Choices])
    is_conflict: bool = False
    fields: dict[str, str] = field(default_factory=dict[str, str])
    secret: str = ""


async def view(site: Site, who: Subscriber, language: Language, notes: Notes) -> dict[str, Any]:
    """Return what the template needs."""
    numbers = [endpoint.id for endpoint in who.endpoints]
    async with begin(site.engine) as connection:
        now, _ = await mine.now(connection)
        choices = await chooser.read(connection)
        heard = await mine.heard(connection, numbers, _MOST_ROWS)
        open_ = await mine.open_incidents(connection, numbers, who.audiences)
        followed = await attention.followed_alone(connection, numbers)
        waiting = await opt_ins.of_subscriber(connection, who.id)
    names = chooser.names(choices)
    addresses = {endpoint.public_id: endpoint.address for endpoint in who.endpoints}
    until = paused_until(who, now)
    say = language.say
    return {
        "brand": site.settings.brand,
        "who": who,
        "choices": choices,
        "endpoints": [_endpoint(endpoint, who, language, names, notes) for endpoint in who.endpoints],
        "open": [_open(one, who, site, language, now) | {"is_followed": one.public_id in followed} for one in open_],
        "follows_alone": bool(followed),
        "heard": _lately(heard, addresses, who, site, language),
        "waiting": waiting,
        "paused": None if until is None else paused(language, until, who.time_zone),
        "is_told": any(one.state is EndpointState.ACTIVE for one in who.endpoints),
        "done": say(DONE[notes.done]) if notes.done in DONE else "",
        "problem": say(PROBLEMS.get(notes.problem, notes.problem)) if notes.problem else "",
        "is_conflict": notes.is_conflict,
        "fields": notes.fields,
        "secret": notes.secret,
        "offered": [(name.value, say(NAMES[name])) for name in offered(site.settings, site.channels)],
        "all_languages": list(languages()),
        "zones": sorted(zones()),
        "days": [(day, say(name)) for day, name in DAYS_SHORT.items()],
        "severities": [("", say("as is usual here"))] + [(one.label, say(LEAST[one])) for one in reversed(Severity)],
        "phases": [(phase.label, say(PHASES[phase])) for phase in Phase],
        "modes": [(mode, say(name)) for mode, name in MODES.items()],
        "now": datetime.fromtimestamp(now, UTC),
        "local_now": datetime.fromtimestamp(now, UTC).astimezone(_zone(who.time_zone)).strftime("%Y-%m-%dT%H:%M"),
    }


def _zone(name: str) -> ZoneInfo:
    return zone(name)


def _endpoint(
    endpoint: Endpoint, who: Subscriber, language: Language, names: dict[str, str], notes: Notes
) -> dict[str, Any]:
    channel = ChannelName(endpoint.channel)
    version = version_of(endpoint)
    typed = notes.typed.get(endpoint.public_id) or of_endpoint(endpoint, version)
    if notes.is_conflict:
        typed.version = version
    return {
        "id": endpoint.public_id,
        "channel": endpoint.channel,
        "name": language.say(NAMES[channel]),
        "address": _address(endpoint, language),
        "fallback": endpoint.fallback or "",
        "others": [
            (one.public_id, _address(one, language))
            for one in who.endpoints
            if one is not endpoint and (one.state is not EndpointState.OPTED_OUT or one.public_id == endpoint.fallback)
        ],
        "state": endpoint.state.value,
        "failing_since": _failing_since(endpoint, language),
        "state_words": language.say(STATES[endpoint.state]),
        "sentence": sentence(language, channel, chosen(endpoint), names),
        "is_left_with_nothing": endpoint.components == [] and not endpoint.groups,
        "typed": typed,
        "is_open": endpoint.public_id in notes.typed,
        "can_move": channel in _RESUBSCRIBABLE,
        "is_called": channel is ChannelName.WEBHOOK,
    }


def _address(endpoint: Endpoint, language: Language) -> str:
    """Return how an address is shown; what a browser gave us is nothing that people know it by."""
    is_browser = endpoint.channel == ChannelName.PUSH
    return language.say("This browser or another one") if is_browser else endpoint.address


def _failing_since(endpoint: Endpoint, language: Language) -> str:
    trouble = endpoint.trouble
    if trouble is None or not trouble.is_lasting or endpoint.state is not EndpointState.ACTIVE:
        return ""
    return language.moment(datetime.fromtimestamp(trouble.since, UTC))


def _open(one: mine.OpenIncident, who: Subscriber, site: Site, language: Language, now: float) -> dict[str, Any]:
    snoozed = [e.snoozed[one.public_id] for e in who.endpoints if one.public_id in e.snoozed]
    ends = [until for until in snoozed if until is not None]
    is_snoozed = bool(snoozed) and (len(ends) < len(snoozed) or max(ends) > now)
    until = paused(language, max(ends), who.time_zone) if ends and len(ends) == len(snoozed) else ""
    return {
        "id": one.public_id,
        "title": title_for(site, one.title, one.titles, one.audience, who.locale),
        "is_snoozed": is_snoozed,
        "until": until,
    }


def _lately(
    heard: Sequence[Heard], addresses: dict[str, str], who: Subscriber, site: Site, language: Language
) -> list[dict[str, Any]]:
    """Return what was told lately, the newest first; what is the same for several addresses stands there once."""
    found: dict[tuple[int, str, str], dict[str, Any]] = {}
    for one in heard:
        shown = _heard(one, addresses, who, site, language)
        alike = found.setdefault((one.update_id, shown["channel"], shown["why"]), shown)
        if alike is not shown:
            alike["addresses"] += shown["addresses"]
    return list(found.values())[:_MOST_HEARD]


def _heard(one: Heard, addresses: dict[str, str], who: Subscriber, site: Site, language: Language) -> dict[str, Any]:
    at = one.done_at or one.due_at or one.since
    return {
        "title": title_for(site, one.title, one.titles, one.audience, who.locale),
        "channel": language.say(NAMES[ChannelName(one.channel)]),
        "addresses": [addresses[one.endpoint]] if one.channel != ChannelName.PUSH else [],
        "at": datetime.fromtimestamp(at, UTC),
        "why": heard_words(
            language, State(one.state), _reason(one.reason), one.rule, paused(language, at, who.time_zone)
        ),
        "went": one.state in {State.ACCEPTED, State.DELIVERED},
    }


def _reason(name: str | None) -> Reason | None:
    return Reason(name) if name in set(Reason) else None


def title_for(site: Site, title: str, titles: dict[str, Any], audience_id: int, locale: str) -> str:
    """Return the title that readers of an audience may see."""
    audiences = site.audiences
    audience = next((one for one in audiences.ordered if one.id == audience_id), audiences.widest)
    return audiences.text_for(audience, titles, title, locale)
