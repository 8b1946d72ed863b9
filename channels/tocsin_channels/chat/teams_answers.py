"""What a Teams workflow's answers mean: one table of statuses, and the errors that hide behind a 200.

Sources: https://learn.microsoft.com/power-automate/ and the retired connectors, which answered 200 and told of the
failure in words (https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from tocsin.domain.errors import AddressDead, DeliveryError, GiveUp, TooFast, TryAgain
from tocsin_channels.chat.slack_answers import Meaning, shown

_OURS = "This is a fault of ours."

STATUSES: Final[Mapping[int, Meaning]] = {
    400: Meaning(GiveUp, f"it cannot read the card. {_OURS}"),
    401: Meaning(AddressDead, "the URL's signature is not valid any more"),
    403: Meaning(AddressDead, "the URL's signature is not valid any more"),
    404: Meaning(AddressDead, "the workflow is gone"),
    405: Meaning(GiveUp, f"it takes no POST. {_OURS}"),
    408: Meaning(TryAgain, "our request did not reach it whole"),
    409: Meaning(TryAgain, "it is being changed"),
    410: Meaning(AddressDead, "the workflow is gone"),
    413: Meaning(GiveUp, f"the card is too large. {_OURS}"),
    415: Meaning(GiveUp, f"it takes no JSON. {_OURS}"),
    429: Meaning(TooFast, "more was posted than it takes"),
    500: Meaning(TryAgain, "it stumbled"),
    502: Meaning(TryAgain, "it is not available"),
    503: Meaning(TryAgain, "it is not available"),
    504: Meaning(TryAgain, "it is not available"),
}
# What the body of a refusal says more exactly than its status.
CODES: Final[Mapping[str, Meaning]] = {
    "WorkflowTriggerIsNotEnabled": Meaning(GiveUp, "its owner has switched it off"),
    "TriggerInputSchemaMismatch": Meaning(GiveUp, "it waits for something else than a card"),
    "RequestEntityTooLarge": Meaning(GiveUp, f"the card is too large. {_OURS}"),
    "WorkflowNotFound": Meaning(AddressDead, "the workflow is gone"),
    "DirectApiAuthorizationRequired": Meaning(AddressDead, "the URL has no signature"),
    "InvalidSharedAccessSignature": Meaning(AddressDead, "the URL's signature is not valid any more"),
}
ACCEPTED = 202
_OK = 200
_HIDDEN = re.compile(r"HTTP error (\d{3})|error[^0-9]{0,20}\b([45]\d\d)\b", re.IGNORECASE)
_CODE = re.compile(r'"code"\s*:\s*"(\w{1,60})"')
_WELL = {"", "1", "ok"}


def read(status: int, body: str, retry_after: float | None) -> DeliveryError | None:
    """Return what to do next, None where the card was taken; a flow's later failure stays unseen."""
    if status == ACCEPTED or (status == _OK and body.strip().lower() in _WELL):
        return None
    if status == _OK:
        return _hidden(body, retry_after)
    code = found[1] if (found := _CODE.search(body)) else ""
    meaning = CODES.get(code) or STATUSES.get(status)
    if meaning is None or (meaning.kind is AddressDead and _is_page(body)):
        return TryAgain(
            f"The Teams workflow answered {status} and {shown(body)}, which is not in our table.",
            code=status,
            retry_after=retry_after,
            unlisted=code or str(status),
        )
    return _error(meaning, status, code, retry_after)


def _hidden(body: str, retry_after: float | None) -> DeliveryError | None:
    """Read a 200 that has something to say."""
    found = None if _is_page(body) else _HIDDEN.search(body)
    status = int(found[1] or found[2]) if found else _OK
    meaning = STATUSES.get(status)
    if meaning is None:
        note = f"The Teams workflow answered 200 and {shown(body)}."
        return TryAgain(note, code=_OK, retry_after=retry_after, unlisted=str(status))
    return _error(meaning, status, "within a 200", retry_after)


def _is_page(body: str) -> bool:
    """Tell whether a page of HTML answered, as no workflow does: what stands before it is no proof that it is gone."""
    return body.lstrip().startswith("<")


def _error(meaning: Meaning, status: int, code: str, retry_after: float | None) -> DeliveryError:
    said = f"{status} ({code})" if code else str(status)
    note = f"The Teams workflow answered {said}: {meaning.words}"
    note = note if note.endswith(".") else f"{note}."
    if issubclass(meaning.kind, TryAgain):
        return meaning.kind(note, code=status, retry_after=retry_after)
    return meaning.kind(note, code=status)
