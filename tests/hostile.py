"""What nobody should write and somebody will: words made to ping, to link, to break out, to overflow."""

from __future__ import annotations

from hypothesis import strategies as st

PIECES = (
    *("<!channel>", "<!here>", "<!subteam^S012>", "<@U1>", "<@&1>", "<#C1>", "<users/all>", "<at>Everyone</at>"),
    *(
        "@everyone",
        "@here",
        "@channel",
        "@all",
        "@room",
        "@**all**",
        "@acme",
        "\uff20acme",
        "#down",
        "\uff03down",
        "$TSLA",
    ),
    *("[x](tel:1)", "[x](javascript:alert(1))", "[x](//evil.example)", "[x](https://evil.example)", "[x]: http://a.b"),
    *(
        "![x](https://evil.example/a.png)",
        "evil.example",
        "evil\u3002example",
        "https://evil.example/?a=1&b=2",
        "<a@b.c>",
    ),
    *(
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "</title>",
        "</td></table>",
        "\"><b x='",
        "<!--",
        "]]>",
    ),
    *("&lt;", "&#60;b&#62;", "&amp;", "{{7*7}}", "{{title}}", "{{unsubscribe_url}}", "{% raw %}", "${x}", "%s", "{0}"),
    *("\r\nBcc: eve@evil.example\r\n\r\n", "=?utf-8?q?=0D=0ABcc:_eve?=", "\n.\n", "\r", "--=_tocsin", ".", ". ", ", "),
    *(
        "\x00",
        "\x1b[31m",
        "\x85",
        "\u2028",
        "\u202e",
        "\u2066",
        "\u200b",
        "\u200d",
        "\u2060",
        "\ufeff",
        "\uffff",
        "\ufe0f",
    ),
    *(
        "😀",
        "👩\u200d👩\u200d👧",
        "👍\U0001f3fd",
        "🇩🇪",
        "1\ufe0f\u20e3",
        "❤\ufe0f",
        "e\u0301",
        "\u0301",
        "ẞ",
        "漢",
        "я",
        "€",
    ),
    *("```\n", "`", "**", "_", "~~", "|", "\\", "'", '"', "- ", "> ", "# ", "1. ", "STOP", "a", " ", "\t", "\n\n"),
)
_ANY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
_MIXED = st.lists(st.one_of(st.sampled_from(PIECES), _ANY), min_size=1, max_size=40).map("".join)
LONGEST = 40_000
_SIZES = st.integers(2, 12_000)


def _flood(words: str, size: int) -> str:
    return (words * size)[:size]


_FLOOD = st.builds(_flood, st.one_of(st.sampled_from(PIECES), _MIXED), _SIZES)

# Arbitrary Unicode but for lone surrogates, which no request can carry; as long as requests may have each.
BODIES = st.one_of(_MIXED, _FLOOD, _ANY)
TITLES = BODIES.map(lambda text: text[:255])
NAMES = st.lists(BODIES.map(lambda text: text[:100]), min_size=1, max_size=6)
# What is longest in every way of writing it.
FLOODS = (
    "😀" * LONGEST,
    ("<!channel> @everyone " * LONGEST)[:LONGEST],
    "👩\u200d👩\u200d👧" * 5_000,
    "😀\u200d" * 5_000,
    "\r\nBcc: eve@evil.example",
    "".join(PIECES),
)
