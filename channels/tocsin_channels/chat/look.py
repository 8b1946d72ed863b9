"""A post as Slack, Teams and plain services are given it."""

from __future__ import annotations

import json

from tocsin.domain.look import Look
from tocsin_channels.chat.post import Post


def look(post: Post, *, begins: bool) -> Look:
    """Return what a room shows of `post`: in Slack a reply where the incident has begun before."""
    slack = post.first if begins else post.reply
    content = {
        "title": post.title,
        "text": post.body,
        "slack": {"text": slack.text, "blocks": list(slack.blocks)},
        "teams": json.loads(post.card),
    }
    return Look(content)
