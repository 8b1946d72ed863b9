"""Updates: what was asked to be said, and the complete snapshot that comes of it.

An update is immutable and whole: everything about the incident as it stands after it. What a draft leaves out is taken
from the version before, or decided by policy where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tocsin.domain.audience import Audiences
from tocsin.domain.component import ComponentStatus, impact_of
from tocsin.domain.errors import Refused
from tocsin.domain.incident import Impact, Kind, Phase, Severity, Standing, Status, move, phase
from tocsin.domain.maintenance import Window, components_in
from tocsin.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody asks to be said. None: they didn't say."""

    body: str
    title: str | None = None
    status: Status | None = None
    severity: Severity | None = None
    impact: Impact | None = None
    kind: Kind | None = None
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    titles: Mapping[str, str] | None = None
    audiences: tuple[str, ...] | None = None
    components: Mapping[str, ComponentStatus] = field(default_factory=dict[str, ComponentStatus])
    next_update_in: timedelta | None = None
    started_at: datetime | None = None
    # What a template says to single audiences: for those that are addressed, where `texts` and `titles` say nothing.
    spare_texts: Mapping[str, str] = field(default_factory=dict[str, str])
    spare_titles: Mapping[str, str] = field(default_factory=dict[str, str])
    notify: bool = True
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    window: Window | None = None  # of a maintenance; its `components` are those that it touches, whatever their states


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version of what is said about an incident, or a maintenance. `audiences` is a set with a bit for each."""

    version: int
    status: Status
    severity: Severity
    impact: Impact
    kind: Kind
    phase: Phase
    title: str
    titles: Mapping[str, str]
    body: str
    texts: Mapping[str, str]
    components: Mapping[str, ComponentStatus]
    audiences: int
    is_public: bool
    notify: bool
    next_update_at: datetime | None
    metadata: Mapping[str, Any]
    window: Window | None = None

    @property
    def is_owed(self) -> bool:
        """Tell whether anyone is to hear of it, or to see it on the page; an end that nobody hears takes news back."""
        return self.notify or self.is_public or not self.status.is_open


def first(draft: Draft, now: datetime, policy: Policy, audiences: Audiences) -> Snapshot:
    """Return the version that opens an incident."""
    if draft.title is None:
        raise Refused("This is required. Say in one line what is the matter.", field="title")
    status = draft.status or Status.INVESTIGATING
    if status is Status.POSTMORTEM:
        raise Refused("An incident cannot begin with its postmortem. Begin with another status.", field="status")
    severity = draft.severity or Severity.SEV3
    kind = draft.kind or Kind.STANDARD
    addressed = audiences.mask(draft.audiences or policy.audiences_for(severity, kind))
    _check_texts(draft, addressed, audiences)
    components = draft.components if draft.window is None else components_in(status, draft.components)
    return Snapshot(
        version=1,
        status=status,
        severity=severity,
        impact=draft.impact or impact_of(components),
        kind=kind,
        phase=phase(None, Standing(status, severity)),
        title=draft.title,
        titles=_titles({}, draft, addressed, audiences),
        body=draft.body,
        texts=_heard(draft.spare_texts, addressed, audiences) | dict(draft.texts),
        components=components,
        audiences=addressed,
        is_public=bool(addressed & audiences.widest.bit),
        notify=draft.notify,
        next_update_at=_promised(draft, now),
        metadata=draft.metadata,
        window=draft.window,
    )


def follow(
    before: Snapshot, draft: Draft, now: datetime, policy: Policy, audiences: Audiences, title_read_by: int
) -> Snapshot:
    """Return the version after `before`; raise IllegalMove where the incident cannot go there.

    `title_read_by` is the set of audiences that versions with the title of `before` have addressed.
    """
    status = move(before.status, draft.status or before.status)
    severity = draft.severity or before.severity
    kind = draft.kind or before.kind
    if draft.audiences is not None:
        addressed = audiences.mask(draft.audiences)
    else:
        addressed = _still_addressed(before, severity, kind, policy, audiences)
    _check_texts(draft, addressed, audiences)
    _check_title(before, draft, addressed, title_read_by, audiences)
    components = _components_after(before, draft, status)
    return Snapshot(
        version=before.version + 1,
        status=status,
        severity=severity,
        impact=draft.impact or _impact_after(before, draft, status, components),
        kind=kind,
        phase=phase(Standing(before.status, before.severity), Standing(status, severity)),
        title=draft.title or before.title,
        titles=_titles(before.titles, draft, addressed, audiences),
        body=draft.body,
        texts=_heard(draft.spare_texts, addressed, audiences) | dict(draft.texts),
        components=components,
        audiences=addressed,
        is_public=bool(addressed & audiences.widest.bit),
        notify=draft.notify,
        next_update_at=_promised(draft, now),
        metadata=draft.metadata,
        window=draft.window or before.window,
    )


def _still_addressed(before: Snapshot, severity: Severity, kind: Kind, policy: Policy, audiences: Audiences) -> int:
    """Return who hears an update that doesn't say so: those who heard the last one.

    Where policy chose them and the severity changes, those whom policy adds are added; nobody who heard "it is broken"
    is left out. A kind that starts with a smaller circle closes that circle.
    """
    if kind is not before.kind and kind in policy.restricted:
        return audiences.mask(policy.restricted[kind])
    chosen_then = audiences.mask(policy.audiences_for(before.severity, before.kind))
    if severity is not before.severity and kind not in policy.restricted and before.audiences == chosen_then:
        return before.audiences | audiences.mask(policy.audiences_for(severity, kind))
    return before.audiences


def _components_after(before: Snapshot, draft: Draft, status: Status) -> dict[str, ComponentStatus]:
    if status.is_maintenance:
        return components_in(status, draft.components or before.components)
    stands = dict(before.components)
    if before.status.is_open and not status.is_open:
        stands = dict.fromkeys(stands, ComponentStatus.OPERATIONAL)
    return stands | dict(draft.components)


def _impact_after(before: Snapshot, draft: Draft, status: Status, components: Mapping[str, ComponentStatus]) -> Impact:
    if draft.components and status.is_open:
        return impact_of(components)
    return before.impact  # what it was, also once it is over


def _promised(draft: Draft, now: datetime) -> datetime | None:
    return None if draft.next_update_in is None else now + draft.next_update_in


def _titles(before: Mapping[str, str], draft: Draft, addressed: int, audiences: Audiences) -> dict[str, str]:
    spare = _heard(draft.spare_titles, addressed, audiences)
    return dict(before) | spare if draft.titles is None else spare | dict(draft.titles)


def _heard(texts: Mapping[str, str], addressed: int, audiences: Audiences) -> dict[str, str]:
    """Return the texts for audiences that are addressed."""
    names = {audience.name for audience in audiences.in_mask(addressed)}
    return {key: said for key, said in texts.items() if key.partition(".")[0] in names}


def _check_title(before: Snapshot, draft: Draft, addressed: int, read_by: int, audiences: Audiences) -> None:
    """Refuse to hand a title on to an audience wider than any that it was written for (promise D6)."""
    if draft.title is not None:
        return
    widest = audiences.in_mask(addressed)[-1]
    titles = _titles(before.titles, draft, addressed, audiences)
    has_own = any(key in titles for key in (other.name for other in audiences.ordered if other.rank >= widest.rank))
    if widest.rank > audiences.in_mask(read_by)[-1].rank and not has_own:
        raise Refused(
            f"The title so far was written for {audiences.in_mask(read_by)[-1].name} and inside of it. "
            f"Say what {widest.name} should read, here or in `titles.{widest.name}`.",
            field="title",
        )


def _check_texts(draft: Draft, addressed: int, audiences: Audiences) -> None:
    names = [audience.name for audience in audiences.in_mask(addressed)]
    for place, texts in (("texts", draft.texts), ("titles", draft.titles or {})):
        for key in texts:
            if key.partition(".")[0] not in names:
                raise Refused(
                    f"This text is for an audience that the update does not address: {', '.join(names)}. "
                    "Address it in `audiences`, or take the text out.",
                    field=f"{place}.{key}",
                )
