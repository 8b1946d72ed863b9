"""Who carries our e-mail: from settings to the one carrier that is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import Refused
from tocsin.domain.tokens import Signer
from tocsin.settings import Settings
from tocsin_channels.email import mailgun, postmark, sendgrid, ses
from tocsin_channels.email.carrier import Carrier
from tocsin_channels.email.channel import EmailChannel, parse_sender
from tocsin_channels.email.dkim_signer import DkimSigner
from tocsin_channels.email.letter import Bounces
from tocsin_channels.email.sendgrid_receipts import public_key
from tocsin_channels.email.server import Patience, Server
from tocsin_channels.email.smtp import Smtp
from tocsin_channels.registry_words import read_words

PRACTICE_BOUNCES = "bounces.localhost"  # where the practice server's bounces come back to


def email_channel(settings: Settings) -> EmailChannel:
    """Return the channel by the carrier that `email.provider` names."""
    sender = parse_sender(settings.email.from_)
    carrier = _CARRIERS[settings.email.provider](settings)
    return EmailChannel(carrier, sender, read_words().wording[ChannelName.EMAIL])


def receipt_token(settings: Settings) -> str:
    """Return what whoever posts bounces must know; the practice server needs none to be set."""
    token = settings.email.receipt_token.get_secret_value()
    if token or not settings.practice:
        return token
    return Signer(settings.secret.get_secret_value(), "receipts").make(0)


def _smtp(settings: Settings) -> Carrier:
    email = settings.email
    domain = email.bounce_domain or (PRACTICE_BOUNCES if settings.practice else "")
    return Smtp(
        server=Server.parse(email.smtp_url, email.starttls),
        bounces=Bounces(domain, parse_sender(email.from_).address),
        receipt_token=receipt_token(settings),
        connections=email.connections,
        patience=Patience(command=email.timeout_seconds, dot=email.timeout_seconds),
        signer=_dkim(settings),
    )


def _dkim(settings: Settings) -> DkimSigner | None:
    email = settings.email
    key = email.dkim_key.get_secret_value()
    if not (email.dkim_domain or email.dkim_selector or key):
        return None
    ours = parse_sender(email.from_).domain.lower()
    domain = email.dkim_domain.lower()
    if ours != domain and not ours.endswith(f".{domain}"):
        raise Refused(
            f"Mail from {ours} has to be signed for {ours} or a domain above it, else nobody counts it (DMARC).",
            field="email.dkim_domain",
        )
    return DkimSigner(email.dkim_domain, email.dkim_selector, key)


def _ses(settings: Settings) -> Carrier:
    email = settings.email
    return ses.Ses(
        ses.Account(
            region=email.ses_region,
            sender=parse_sender(email.from_).address,
            key=email.ses_access_key_id,
            secret=email.ses_secret_access_key.get_secret_value(),
            configuration_set=email.ses_configuration_set,
            topics=tuple(email.ses_topics),
            url=email.ses_url,
            connections=email.connections,
            seconds=email.timeout_seconds,
        )
    )


def _sendgrid(settings: Settings) -> Carrier:
    email = settings.email
    if email.sendgrid_verification_key:
        public_key(email.sendgrid_verification_key)  # one that cannot be read is refused at start
    return sendgrid.SendGrid(
        sendgrid.Account(
            key=email.sendgrid_api_key.get_secret_value(),
            verification_key=email.sendgrid_verification_key,
            url=email.sendgrid_url,
            connections=email.connections,
            seconds=email.timeout_seconds,
        )
    )


def _mailgun(settings: Settings) -> Carrier:
    email = settings.email
    return mailgun.Mailgun(
        mailgun.Account(
            domain=email.mailgun_domain or parse_sender(email.from_).domain,
            key=email.mailgun_api_key.get_secret_value(),
            signing_key=email.mailgun_signing_key.get_secret_value(),
            url=email.mailgun_url,
            connections=email.connections,
            seconds=email.timeout_seconds,
        )
    )


def _postmark(settings: Settings) -> Carrier:
    email = settings.email
    return postmark.Postmark(
        postmark.Account(
            token=email.postmark_server_token.get_secret_value(),
            stream=email.postmark_stream,
            user=email.postmark_webhook_user,
            password=email.postmark_webhook_password.get_secret_value(),
            url=email.postmark_url,
            connections=email.connections,
            seconds=email.timeout_seconds,
        )
    )


_CARRIERS: Final[Mapping[str, Callable[[Settings], Carrier]]] = {
    "smtp": _smtp,
    "ses": _ses,
    "sendgrid": _sendgrid,
    "mailgun": _mailgun,
    "postmark": _postmark,
}
