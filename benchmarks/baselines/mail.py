"""The mail that the baselines send: text and HTML, as long as Tocsin's, in words that Jinja2 and Django both render."""

from __future__ import annotations

TITLE = "Checkout is failing"
BODY = "We see failed payments and are looking into it. Cards and wallets are affected; invoices are not."
SENDER = "Acme <status@example.com>"

TEXT = """\
Hello {{ name }},

{{ body }}

Follow this incident: https://status.example.com/incidents/abc123def456
Choose what you get: https://status.example.com/manage/{{ token }}
Unsubscribe: https://status.example.com/unsubscribe/{{ token }}
"""

_ROW = (
    '<tr><td class="ink rule" style="padding:8px 12px 8px 0;border-top:1px solid #e6e9ef;font-size:14px;'
    'line-height:20px">Payments, part {number}</td><td class="soft rule" align="right" style="padding:8px 0;'
    'border-top:1px solid #e6e9ef;font-size:14px;line-height:20px;color:#5b6475">partly down</td></tr>\n'
)

HTML = (
    """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{{ title }}</title>
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) { .page { background: #0f1218; } .ink { color: #e7eaf1; } }
</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f4f5f8">
<h1 style="margin:0 0 12px;font-size:20px;line-height:28px;font-weight:600">{{ title }}</h1>
<p>Hello {{ name }},</p>
<p>{{ body }}</p>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
"""
    + "".join(_ROW.replace("{number}", str(number)) for number in range(1, 15))
    + """\
</table>
<p><a href="https://status.example.com/incidents/abc123def456">Follow this incident</a></p>
<p><a href="https://status.example.com/manage/{{ token }}">Choose what you get</a> or
<a href="https://status.example.com/unsubscribe/{{ token }}">unsubscribe</a>.</p>
</body>
</html>
"""
)
