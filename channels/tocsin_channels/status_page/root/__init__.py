"""Files that stand at the root of the site: what takes pushes, the manifest and its icon, what other sites embed."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Final

from tocsin.domain.language import Language
from tocsin.domain.page import Page, page_path
from tocsin.domain.spoken_script import script_words

_PLACE_OF_WORDS: Final = b"const WORDS = {};"


def root_files(page: Page) -> dict[str, bytes]:
    """Return path → content. What takes pushes stays though there be no key: browsers may have it already."""
    pages = (page, *page.translations)
    languages = tuple(one.language for one in pages)
    manifests = {page_path(one.language, "manifest.json")[1:]: _json(_manifest(one)) for one in pages}
    key = _json({"key": page.push_key})
    kept = {name: _kept(name) for name in ("embed.js", "icon-192.png")}
    return {**kept, "sw.js": _taker(languages), "push.json": key, **manifests}


def _manifest(page: Page) -> dict[str, object]:
    return {
        "name": page.language.say("{brand} status", brand=page.brand),
        "short_name": page.brand,
        "lang": page.language.code,
        "start_url": page_path(page.language),
        "scope": "/",
        "display": "standalone",
        "background_color": "#f7f8fb",
        "theme_color": "#3b3592",
        "icons": [{"src": "/icon-192.png", "sizes": "192x192", "type": "image/png", "purpose": "any maskable"}],
    }


@cache
def _taker(languages: tuple[Language, ...]) -> bytes:
    """Return what takes pushes, with its words in each of `languages`."""
    script = _kept("sw.js")
    words = {one.code: json.loads(said) for one in languages if (said := script_words(one, [script]))}
    return script.replace(_PLACE_OF_WORDS, b"const WORDS = %s;" % _json(words))


@cache
def _kept(name: str) -> bytes:
    return (Path(__file__).parent / name).read_bytes()


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()
