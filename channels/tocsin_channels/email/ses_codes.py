"""Amazon SES's codes as decisions: of answers to a request, and of what it reports later of a message.

Sources: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html (errors and common errors),
https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html (words), and
https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html (bounces and complaints).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tocsin.domain.errors import AddressDead, GiveUp, ProviderDown, TooFast, TryAgain
from tocsin_channels.email.codes import Code, Table
from tocsin_channels.email.verdict import Verdict

_KEYS: Final = "check email.ses_access_key_id and ses_secret_access_key, or the role of this machine"

SES: Final = Table(
    "Amazon SES",
    {
        # Of SendEmail itself.
        "AccountSuspendedException": Code("our account may not send any more", ProviderDown),
        "BadRequestException": Code("the message is refused", GiveUp),
        "LimitExceededException": Code("a limit of our account is reached", ProviderDown),
        "MailFromDomainNotVerifiedException": Code("our domain is not verified", ProviderDown),
        "MessageRejected": Code("the message is refused", GiveUp),
        "NotFoundException": Code("there is no such set: check email.ses_configuration_set", ProviderDown),
        "SendingPausedException": Code("sending is paused for our account", ProviderDown),
        "TooManyRequestsException": Code("more mails a second than our account may send", TooFast),
        # Of any request.
        "AccessDeniedException": Code(f"our credentials may not send: {_KEYS}", ProviderDown),
        "ExpiredTokenException": Code(f"our credentials have expired: {_KEYS}", ProviderDown),
        "IncompleteSignatureException": Code(f"our signature is refused: {_KEYS}", ProviderDown),
        "InvalidSignatureException": Code(f"our signature is refused: {_KEYS}, and this machine's clock", ProviderDown),
        "SignatureDoesNotMatch": Code(f"our signature is refused: {_KEYS}", ProviderDown),
        "InvalidClientTokenId": Code(f"our credentials are unknown: {_KEYS}", ProviderDown),
        "UnrecognizedClientException": Code(f"our credentials are unknown: {_KEYS}", ProviderDown),
        "MissingAuthenticationTokenException": Code(f"our credentials are missing: {_KEYS}", ProviderDown),
        "NotAuthorized": Code(f"our credentials may not send: {_KEYS}", ProviderDown),
        "OptInRequired": Code("our account has not subscribed to SES", ProviderDown),
        "RequestExpired": Code("our request came too late: check this machine's clock", ProviderDown),
        "IncompleteSignature": Code(f"our signature is refused: {_KEYS}", ProviderDown),
        "MissingAuthenticationToken": Code(f"our credentials are missing: {_KEYS}", ProviderDown),
        "UnknownOperationException": Code("it does not know what we ask for: check email.ses_url", ProviderDown),
        "InternalFailure": Code("SES stumbled", TryAgain),
        "InternalServiceErrorException": Code("SES stumbled", TryAgain),
        "ServiceUnavailable": Code("SES is not available", TryAgain),
        "ThrottlingException": Code("more requests than our account may make", TooFast),
        "Throttling": Code("more requests than our account may make", TooFast),
        "RequestAbortedException": Code("the request did not reach SES whole", TryAgain),
        "RequestTimeoutException": Code("the request did not reach SES in time", TryAgain),
        "RequestEntityTooLargeException": Code("the message is too large", GiveUp),
        "MalformedHttpRequestException": Code("our request cannot be read", GiveUp),
        "ValidationError": Code("the message is refused", GiveUp),
        "ValidationException": Code("the message is refused", GiveUp),
        # The words of a refusal, where its code says too little.
        "daily quota": Code("our account has sent as much as it may in a day", ProviderDown),
        "not verified": Code("an address is not verified: ours, or the recipient's within SES's sandbox", ProviderDown),
        "illegal address": Code("nobody can be at such an address", AddressDead),
        # The HTTP status, where SES itself did not answer.
        "401": Code(f"our credentials are refused: {_KEYS}", ProviderDown),
        "403": Code(f"our credentials are refused: {_KEYS}", ProviderDown),
        "404": Code("there is nothing at this address: check email.ses_region and ses_url", ProviderDown),
        "413": Code("the message is too large", GiveUp),
        "429": Code("more requests than our account may make", TooFast),
        "500": Code("SES stumbled", TryAgain),
        "502": Code("SES stumbled", TryAgain),
        "503": Code("SES is not available", TryAgain),
    },
)  # fmt: skip

# Words of a message, in lower case, and the row that they stand for.
WORDS: Final = (
    ("daily message quota exceeded", "daily quota"),
    ("email address is not verified", "not verified"),
    ("identities failed the check", "not verified"),
    ("illegal address", "illegal address"),
    ("missing final '@domain'", "illegal address"),
    ("local address contains", "illegal address"),
    ("domain contains", "illegal address"),
    ("domain starts with dot", "illegal address"),
    ("domain ends with dot", "illegal address"),
)

EVENTS: Final[Mapping[str, Verdict]] = {
    "AmazonSnsSubscriptionSucceeded": Verdict.NOTHING,
    "Send": Verdict.NOTHING,
    "Open": Verdict.NOTHING,
    "Click": Verdict.NOTHING,
    "Delivery": Verdict.DELIVERED,
    "DeliveryDelay": Verdict.DELAYED,
    "Subscription": Verdict.OPTED_OUT,
    "Reject": Verdict.OUR_FAULT,
    "Rendering Failure": Verdict.OUR_FAULT,
}

# bounceType/bounceSubType. GONE gives way to what the recipient's own server said, where SES tells it.
BOUNCES: Final[Mapping[str, Verdict]] = {
    "Permanent/General": Verdict.GONE,
    "Permanent/NoEmail": Verdict.GONE,
    "Permanent/Suppressed": Verdict.RETURNED,  # others' mail bounced there: SES has it on its list already
    "Permanent/OnAccountSuppressionList": Verdict.RETURNED,  # ours did, and it is on our account's list already
    "Permanent/UnsubscribedRecipient": Verdict.STOPPED,
    "Transient/General": Verdict.DELAYED,  # often an out-of-office reply
    "Transient/MailboxFull": Verdict.RETURNED,
    "Transient/MessageTooLarge": Verdict.RETURNED,
    "Transient/CustomTimeoutExceeded": Verdict.RETURNED,
    "Transient/ContentRejected": Verdict.RETURNED,
    "Transient/AttachmentRejected": Verdict.RETURNED,
    "Undetermined/Undetermined": Verdict.RETURNED,
}

# complaintFeedbackType, "" where there is none, and complaintSubType.
COMPLAINTS: Final[Mapping[str, Verdict]] = {
    "": Verdict.COMPLAINED,
    "abuse": Verdict.COMPLAINED,
    "fraud": Verdict.COMPLAINED,
    "virus": Verdict.COMPLAINED,
    "other": Verdict.COMPLAINED,
    "auth-failure": Verdict.OUR_FAULT_BUT_THERE,
    "not-spam": Verdict.DELIVERED,
    "OnAccountSuppressionList": Verdict.STOPPED,  # an earlier one, and nothing was sent
}
