"""The form that writes a template of updates: read as the API reads it, and with the same words for what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, takewhile
from typing import Any, Final

from pydantic import ValidationError
from starlette.datastructures import FormData

from tocsin.domain.audience import Audiences
from tocsin.domain.errors import Refused
from tocsin.domain.update_template import LONGEST_BODY, Wording
from tocsin.store.templates import UpdateTemplate
from tocsin.web.api.templates import NewTemplate
from tocsin.web.errors import detail_of, field_of

# One more than fits, so that what is too long is refused and not cut.
_LONGEST: Final = LONGEST_BODY + 1


@dataclass(frozen=True, slots=True)
class Row:
    """What one audience reads, in one language where the key names it: "customers.de"."""

    key: str = ""
    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form, right or wrong; `seen` is when what it was made from was written."""

    name: str = ""
    title: str = ""
    body: str = ""
    rows: Sequence[Row] = ()
    seen: str = ""
    wrong: Mapping[str, str] = field(default_factory=dict[str, str])

    def is_wrong(self, row: Row) -> bool:
        return not self.wrong.keys().isdisjoint({f"titles.{row.key}", f"texts.{row.key}"})

    def wording(self, audiences: Audiences) -> Wording:
        """Return the words; raise Refused or ValidationError as the API would, and where a row stands twice."""
        keys = Counter(row.key for row in self.rows if row.key and (row.title or row.text))
        for key in (key for key, n in keys.items() if n > 1):
            raise Refused(
                "They stand here twice. Keep the words that count, and empty the others.", field=f"texts.{key}"
            )
        body: dict[str, Any] = {
            "name": self.name,
            "title": self.title or None,
            "body": self.body,
            "titles": {row.key: row.title for row in self.rows if row.title},
            "texts": {row.key: row.text for row in self.rows if row.text},
        }
        return NewTemplate.model_validate(body).as_wording(audiences)


def of_template(template: UpdateTemplate | None, audiences: Audiences) -> Typed:
    """Return the form of a template, of none yet: with a row for each audience and each further text there is."""
    wording = Wording() if template is None else template.wording
    keys = [one.name for one in audiences.ordered]
    keys += [key for key in sorted({*wording.titles, *wording.texts}) if key not in keys]
    return Typed(
        "" if template is None else template.name,
        wording.title or "",
        wording.body or "",
        [*(Row(key, wording.titles.get(key, ""), wording.texts.get(key, "")) for key in keys), Row()],
        "" if template is None else template.updated_at.isoformat(),
    )


def typed(form: FormData, name: str = "") -> Typed:
    """Return what was typed; `name` is that of a template there is, which keeps it."""

    def said(place: str) -> str:
        value = form.get(place)
        return value.replace("\r\n", "\n")[:_LONGEST] if isinstance(value, str) else ""

    numbers = takewhile(lambda n: f"key_{n}" in form, count())
    rows = [Row(said(f"key_{n}").strip(), said(f"title_{n}"), said(f"text_{n}")) for n in numbers]
    kept = [row for row in rows if row.key or row.title or row.text]
    if all(row.key for row in kept):
        kept.append(Row())
    return Typed(name or said("name").strip(), said("title"), said("body"), kept, said("seen"))


def wrong_by(error: ValidationError | Refused) -> dict[str, str]:
    """Return what is wrong by field."""
    if isinstance(error, ValidationError):
        return {field_of(one): detail_of(one) for one in error.errors()}
    return {error.field or "body": str(error.args[0])}
