"""Who carries our e-mail: from settings to the carriers that are configured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tocsin.carrier_sections import MailAccount, MailProvider
from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import Refused
from tocsin.domain.tokens import Signer
from tocsin.settings import Settings
from tocsin_channels.carried import CarriedChannel
from tocsin_channels.email import mailgun, postmark, sendgrid, ses
from tocsin_channels.email.carrier import Carrier
from tocsin_channels.email.channel import EmailChannel, parse_sender
from tocsin_channels.email.dkim_signer import DkimSigner
from tocsin_channels.email.letter import Bounces
from tocsin_channels.email.sendgrid_receipts import public_key
from tocsin_channels.email.server import Patience, Server
from tocsin_channels.email.smtp import Smtp
from tocsin_channels.registry_pace import mail_rates
from tocsin_channels.registry_words import read_words

PRACTICE_BOUNCES = "bounces.localhost"  # where the practice server's bounces come back to


def email_channel(settings: Settings) -> CarriedChannel:
    """Return the channel with each provider that is configured."""
    sender = parse_sender(settings.email.from_)
    wording = read_words().wording[ChannelName.EMAIL]
    accounts = settings.email.providers
    return CarriedChannel(
        {
            one.name: EmailChannel(_CARRIERS[one.kind](settings, one), sender, wording, one.name, mail_rates(one))
            for one in accounts
        },
        {one.name: one.weight for one in accounts},
    )


def receipt_token(settings: Settings, account: MailAccount) -> str:
    """Return what whoever posts bounces must know; the practice server needs none to be set."""
    token = account.receipt_token.get_secret_value()
    if token or not settings.practice:
        return token
    return Signer(settings.secret.get_secret_value(), "receipts").make(0)


def bounce_domains(settings: Settings) -> dict[str, str]:
    """Return the domains that bounces come back to, each with the provider whose mail does: the first that names it."""
    found: dict[str, str] = {}
    for account in settings.email.providers:
        if account.kind == "smtp" and (domain := _bounce_domain(settings, account)):
            found.setdefault(domain.lower(), account.name)
    return found


def _bounce_domain(settings: Settings, account: MailAccount) -> str:
    return account.bounce_domain or (PRACTICE_BOUNCES if settings.practice else "")


def _smtp(settings: Settings, account: MailProvider) -> Carrier:
    return Smtp(
        server=Server.parse(account.smtp_url, account.starttls),
        bounces=Bounces(_bounce_domain(settings, account), parse_sender(settings.email.from_).address),
        receipt_token=receipt_token(settings, account),
        connections=account.connections,
        patience=Patience(command=account.timeout_seconds, dot=account.timeout_seconds),
        signer=_dkim(settings, account),
    )


def _dkim(settings: Settings, account: MailProvider) -> DkimSigner | None:
    key = account.dkim_key.get_secret_value()
    if not (account.dkim_domain or account.dkim_selector or key):
        return None
    ours = parse_sender(settings.email.from_).domain.lower()
    domain = account.dkim_domain.lower()
    if ours != domain and not ours.endswith(f".{domain}"):
        raise Refused(
            f"Mail from {ours} has to be signed for {ours} or a domain above it, else nobody counts it (DMARC).",
            field="email.dkim_domain",
        )
    return DkimSigner(account.dkim_domain, account.dkim_selector, key)


def _ses(settings: Settings, account: MailProvider) -> Carrier:
    return ses.Ses(
        ses.Account(
            region=account.ses_region,
            sender=parse_sender(settings.email.from_).address,
            key=account.ses_access_key_id,
            secret=account.ses_secret_access_key.get_secret_value(),
            configuration_set=account.ses_configuration_set,
            topics=tuple(account.ses_topics),
            url=account.ses_url,
            connections=account.connections,
            seconds=account.timeout_seconds,
        )
    )


def _sendgrid(settings: Settings, account: MailProvider) -> Carrier:
    del settings
    if account.sendgrid_verification_key:
        public_key(account.sendgrid_verification_key)  # one that cannot be read is refused at start
    return sendgrid.SendGrid(
        sendgrid.Account(
            key=account.sendgrid_api_key.get_secret_value(),
            verification_key=account.sendgrid_verification_key,
            url=account.sendgrid_url,
            connections=account.connections,
            seconds=account.timeout_seconds,
        )
    )


def _mailgun(settings: Settings, account: MailProvider) -> Carrier:
    return mailgun.Mailgun(
        mailgun.Account(
            domain=account.mailgun_domain or parse_sender(settings.email.from_).domain,
            key=account.mailgun_api_key.get_secret_value(),
            signing_key=account.mailgun_signing_key.get_secret_value(),
            url=account.mailgun_url,
            connections=account.connections,
            seconds=account.timeout_seconds,
        )
    )


def _postmark(settings: Settings, account: MailProvider) -> Carrier:
    del settings
    return postmark.Postmark(
        postmark.Account(
            token=account.postmark_server_token.get_secret_value(),
            stream=account.postmark_stream,
            user=account.postmark_webhook_user,
            password=account.postmark_webhook_password.get_secret_value(),
            url=account.postmark_url,
            connections=account.connections,
            seconds=account.timeout_seconds,
        )
    )


_CARRIERS: Final[Mapping[str, Callable[[Settings, MailProvider], Carrier]]] = {
    "smtp": _smtp,
    "ses": _ses,
    "sendgrid": _sendgrid,
    "mailgun": _mailgun,
    "postmark": _postmark,
}
