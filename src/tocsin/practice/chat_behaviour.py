"""Chat addresses that misbehave on purpose: one table, which the look-alikes obey and /practice shows.

`#archived` and `#archived-two` are archived; the same names end a webhook's or a workflow's path.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Ending(Enum):
    """What becomes of a request that is not refused."""

    ANSWERED = auto()
    NEVER_ANSWERED = auto()  # and nothing was kept
    HUNG_UP = auto()  # though it was kept
    PAGE = auto()  # 200 with somebody's HTML; nothing was kept


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is answered instead: Slack's Web API says `error` with a 200, webhooks and workflows their own words."""

    error: str = ""
    webhook: tuple[int, str] = (0, "")
    workflow: tuple[int, str] = (0, "")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`times` is how often it is refused, None for ever; `method` narrows a refusal to one of the Web API's."""

    name: str
    does: str
    then: str
    refusal: Refusal | None = None
    times: int | None = None
    ending: Ending = Ending.ANSWERED
    seconds: float = 0.0
    method: str = ""


NORMAL = Behaviour("", "takes the message", "accepted")
RETRY_AFTER = 1
_TOO_MANY = 429
_STUMBLED = '{"error":{"code":"BadGateway","message":"The server did not answer in time."}}'
_CONNECTOR = (
    "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId "
    "tcid=0,server=practice."
)
BEHAVIOURS = (
    Behaviour(
        "archived",
        "is archived (is_archived; webhooks 410, workflows 404)",
        "failed at once, and the address is never written to again",
        Refusal(
            "is_archived",
            (410, "channel_is_archived"),
            (404, '{"error":{"code":"WorkflowNotFound","message":"The workflow could not be found."}}'),
        ),
    ),
    Behaviour(
        "missing",
        "does not exist (channel_not_found; webhooks 404 no_service, workflows 401)",
        "failed at once, and the address is never written to again",
        Refusal(
            "channel_not_found",
            (404, "no_service"),
            (401, '{"error":{"code":"DirectApiAuthorizationRequired","message":"The request must be signed."}}'),
        ),
    ),
    Behaviour(
        "uninvited",
        "has no bot in it (not_in_channel; webhooks 403 action_prohibited, workflows are switched off)",
        "failed, and the channel is kept: somebody may invite the bot (a prohibited webhook is not)",
        Refusal(
            "not_in_channel",
            (403, "action_prohibited"),
            (400, '{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"The workflow is disabled."}}'),
        ),
    ),
    Behaviour(
        "busy",
        "answers 429 with Retry-After twice, then takes the message",
        "accepted after two retries",
        Refusal("ratelimited", (_TOO_MANY, "rate_limited"), (_TOO_MANY, '{"error":{"code":"WorkflowRunThrottled"}}')),
        times=2,
    ),
    Behaviour(
        "stumbles",
        "stumbles once (internal_error; webhooks 500, workflows 502), then takes the message",
        "accepted after a retry",
        Refusal("internal_error", (500, "rollup_error"), (502, _STUMBLED)),
        times=1,
    ),
    Behaviour(
        "pretends",
        "answers 200 and says within that it failed: an error that no table has, or 429 for workflows",
        "tried again for as long as the news is worth it",
        Refusal("something_new", (200, "<!doctype html><title>Sign in</title>"), (200, _CONNECTOR)),
    ),
    Behaviour(
        "page",
        "answers 200 with somebody's page of HTML, once",
        "accepted after a retry",
        times=1,
        ending=Ending.PAGE,
    ),
    Behaviour(
        "silent",
        "keeps nothing and never answers",
        "outcome unknown: sent once more, then counted as accepted with that reason",
        ending=Ending.NEVER_ANSWERED,
    ),
    Behaviour(
        "hangup",
        "keeps the message and hangs up instead of answering",
        "outcome unknown: sent once more, so it is here twice",
        ending=Ending.HUNG_UP,
    ),
    Behaviour("slow", "takes two seconds to answer", "accepted, and the others do not wait for it", seconds=2.0),
    Behaviour(
        "rootless",
        "has lost the first post when somebody replies to it (thread_not_found)",
        "accepted: the update begins another thread",
        Refusal("thread_not_found"),
        method="reply",
    ),
    Behaviour(
        "frozen",
        "lets no post be edited (cant_update_message)",
        "accepted, with a note that the first post still says what it said before",
        Refusal("cant_update_message"),
        method="chat.update",
    ),
    Behaviour(
        "unread",
        "keeps the message and hangs up instead of answering; lets nobody read its history at once (ratelimited)",
        "outcome unknown: asked for again until it is found, so it is here once",
        Refusal("ratelimited"),
        times=1,
        ending=Ending.HUNG_UP,
        method="conversations.history",
    ),
)
_BY_NAME = {behaviour.name: behaviour for behaviour in BEHAVIOURS}


def chat_settings(url: str) -> dict[str, str]:
    """Return the settings that send all of chat to the look-alikes at `url`; Apprise has none, so it stays shut."""
    return {
        "TOCSIN_CHAT__SLACK_URL": url,
        "TOCSIN_CHAT__SLACK_BOT_TOKEN": "xoxb-practice",
        "TOCSIN_CHAT__TEAMS_URL": url,
        "TOCSIN_CHAT__APPRISE_SCHEMAS": "[]",
    }


def behaviour_of(name: str) -> Behaviour:
    """Return how the channel, webhook or workflow `name` behaves: those that are not in the table are normal."""
    return _BY_NAME.get(name.removeprefix("#").partition("-")[0].lower(), NORMAL)
