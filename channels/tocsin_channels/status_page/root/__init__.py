"""Files that browsers look for at the root of the site: what takes pushes, the manifest of the page, its icon."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from tocsin.domain.page import Page


def root_files(page: Page) -> dict[str, bytes]:
    """Return path → content. What takes pushes stays though there be no key: browsers may have it already."""
    manifest = {
        "name": f"{page.brand} status",
        "short_name": page.brand,
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f7f8fb",
        "theme_color": "#3b3592",
        "icons": [{"src": "/icon-192.png", "sizes": "192x192", "type": "image/png", "purpose": "any maskable"}],
    }
    made = {"manifest.json": manifest, "push.json": {"key": page.push_key}}
    return _kept() | {path: json.dumps(content, ensure_ascii=False).encode() for path, content in made.items()}


@cache
def _kept() -> dict[str, bytes]:
    folder = Path(__file__).parent
    return {name: (folder / name).read_bytes() for name in ("sw.js", "icon-192.png")}
