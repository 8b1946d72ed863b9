"""What each account would post, with its length as the network counts it and what a link costs there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tocsin.domain.look import Caution, Look
from tocsin.domain.social import Network
from tocsin_channels.social import weigh
from tocsin_channels.social.account import Account
from tocsin_channels.social.post import Draft

RULERS: Final = {Network.X: weigh.X, Network.MASTODON: weigh.MASTODON, Network.BLUESKY: weigh.BLUESKY}


def look(draft: Draft, accounts: Sequence[Account], *, linked: bool) -> Look | None:
    """Return the posts of those of `accounts` that speak to the draft's audience, None where there is none."""
    posts: list[dict[str, Any]] = []
    cautions: list[Caution] = []
    for account in accounts:
        if account.audience != draft.audience:
            continue
        ruler = RULERS[account.network]
        name = account.address.removesuffix(":")  # an account on X that says no handle is whoever the keys belong to
        post = draft.post(ruler, linked=linked)
        shown = {"network": account.network.value, "account": name, "text": post.text, "link": post.link}
        posts.append(shown | {"length": ruler.measure(post.text), "limit": ruler.limit})
        if post.links and account.network is Network.X:
            detail = f"{name} posts a link, and X takes more for posts with one. See social.link."
            cautions.append(Caution("link_on_x", detail))
    return Look({"posts": posts}, tuple(cautions)) if posts else None
