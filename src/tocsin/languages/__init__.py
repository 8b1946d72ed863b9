"""The languages there are: the catalogs beside this file, and above them what operators put in config/languages/.

A catalog is a gettext file, `de.po`. What is missing in it is said in English; what cannot be used is left out and
told, and never stops a message.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

import structlog
from babel.core import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from tocsin.domain.language import ENGLISH, Language, Languages, places

log = structlog.get_logger()

OURS = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Read:
    """The languages, and which of their catalogs' lines are not used, and why."""

    languages: Languages
    faults: tuple[str, ...] = field(default=())


@cache
def read_languages(folder: Path) -> Read:
    """Read our catalogs and those in `folder`, whose words come before ours; once for each process."""
    faults: list[str] = []
    catalogs: dict[str, Catalog] = {}
    for path in [*sorted(OURS.glob("*.po")), *sorted(folder.glob("*.po"))]:
        if (read := _read(path, faults)) is None:
            continue
        whole = catalogs.setdefault(path.stem.replace("_", "-"), Catalog(locale=path.stem))
        for message in _usable(path, read, faults):
            whole.delete(message.id)
            whole[message.id] = message
    for fault in faults:
        log.error("language.refused", why=fault)
    made = {code: _language(code, catalog) for code, catalog in sorted(catalogs.items())}
    return Read(Languages({ENGLISH.code: ENGLISH, **made}), tuple(faults))


def _read(path: Path, faults: list[str]) -> Catalog | None:
    try:
        Locale.parse(path.stem)
        return read_po(BytesIO(path.read_bytes()), locale=path.stem, abort_invalid=True)
    except PoFileError as error:
        faults.append(f"{path}, line {error.lineno + 1}: {error}. It is not used until this is mended.")
    except (UnknownLocaleError, OSError, ValueError) as error:
        faults.append(f"{path}: {error}. Call the file by its language, de.po, and write it in UTF-8. It is not used.")
    return None


def _usable(path: Path, catalog: Catalog, faults: list[str]) -> Iterator[Message]:
    """Tell which messages can be said, and tell of those that cannot: their places are not those of the English."""
    for message in [message for message in catalog if message.id]:
        if fault := place_fault(message):
            faults.append(f"{path}, line {message.lineno}: {fault} It is said as if this line were not there.")
        elif message.string and not message.fuzzy:
            yield message


def place_fault(message: Message) -> str:
    """Return what is wrong with a translation's places, "" where nothing is."""
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    strings = [message.string] if isinstance(message.string, str) else list(message.string or ())
    wanted = places(ids[-1])
    for string in filter(None, strings):
        # A singular may do without the number: "one incident".
        if not (places(string) == wanted or (len(ids) > 1 and places(string) | {"n"} == wanted | {"n"})):
            return f"{string!r} must have the places of {ids[-1]!r}: {', '.join(sorted(wanted)) or 'none'}."
    return ""


def _language(code: str, catalog: Catalog) -> Language:
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    locale = ENGLISH.locale if code == ENGLISH.code else Locale.parse(code, sep="-")
    return Language(code, locale, GNUTranslations(compiled))
