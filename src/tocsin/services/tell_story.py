"""Makes a story of what updates say: for messages that go out, and for those that are only looked at before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tocsin.domain.audience import Audiences
from tocsin.domain.component import ComponentStatus
from tocsin.domain.incident import Impact, Phase, Severity, Status
from tocsin.domain.language import Languages
from tocsin.domain.maintenance import Window
from tocsin.domain.page import page_path
from tocsin.domain.speech import state_of
from tocsin.domain.story import Affected, Chapter, Story
from tocsin.store import wording


class Teller:
    """Tells what the readers of one audience and language may read, and nothing else."""

    def __init__(self, audiences: Audiences, languages: Languages, *, brand: str, url: str) -> None:
        self._audiences = audiences
        self._languages = languages
        self._brand = brand
        self._url = url

    def story(
        self, told: Sequence[tuple[wording.Words, int]], locale: str, names: Mapping[str, wording.Named]
    ) -> Story:
        """Return the story that readers of one audience and locale are told; `told` has (words, audience)."""
        by_id = {audience.id: audience for audience in self._audiences.ordered}
        narrowest = min((by_id[audience] for _, audience in told), key=lambda audience: audience.rank)
        return Story(
            brand=self._brand,
            audience=narrowest.name,
            locale=locale,
            chapters=tuple(self._chapter(words, audience, locale, names) for words, audience in told),
            public_url=self._url,
            language=self._languages.of(locale),
        )

    def _chapter(
        self, words: wording.Words, audience_id: int, locale: str, names: Mapping[str, wording.Named]
    ) -> Chapter:
        language = self._languages.of(locale)
        audience = next(one for one in self._audiences.ordered if one.id == audience_id)
        status, until = Status(words.status), words.scheduled_until
        is_public = audience == self._audiences.widest
        affected = tuple(
            Affected(names[slug].id, names[slug].name, ComponentStatus(status))
            for slug, status in words.components.items()
            if slug in names and not (is_public and names[slug].is_internal)
        )
        return Chapter(
            incident=words.incident,
            version=words.version,
            title=self._audiences.text_for(audience, words.titles, words.title, locale),
            body=self._audiences.text_for(audience, words.texts, words.body, locale),
            status=status,
            severity=Severity(words.severity),
            impact=Impact(words.impact),
            phase=Phase(words.phase),
            components=tuple((one.name, language.say(state_of(status, one.status))) for one in affected),
            started_at=words.started_at,
            published_at=words.created_at,
            next_update_at=words.next_update_at,
            url=f"{self._url}{page_path(language, f'incidents/{words.incident}')}" if words.has_page else None,
            update=words.update,
            affected=affected,
            window=Window(words.scheduled_for, until) if words.scheduled_for and until else None,
        )
