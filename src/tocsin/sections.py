"""The sections of the settings that say how each channel reaches its providers; `config/tocsin.toml` explains them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from tocsin.domain.chat_address import LONG_TAIL, NEVER, SLACK_URL
from tocsin.domain.social import read_account
from tocsin.domain.trouble import DISABLE_AFTER_HOURS
from tocsin.domain.vapid_key import public_key


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Email(Section):
    provider: Literal["smtp", "ses", "sendgrid", "mailgun", "postmark"] = "smtp"
    smtp_url: str = ""
    from_: str = Field(default="Tocsin <status@localhost>", alias="from")
    bounce_domain: str = ""
    connections: int = Field(default=4, ge=1, le=64)
    starttls: Literal["auto", "require", "never"] = "auto"
    timeout_seconds: float = Field(default=30.0, gt=0)
    receipt_token: SecretStr = SecretStr("")
    dkim_domain: str = ""
    dkim_selector: str = ""
    dkim_key: SecretStr = SecretStr("")
    ses_region: str = ""
    ses_access_key_id: str = ""
    ses_secret_access_key: SecretStr = SecretStr("")
    ses_configuration_set: str = ""
    ses_topics: list[str] = Field(default=[])
    ses_url: str = ""
    sendgrid_api_key: SecretStr = SecretStr("")
    sendgrid_verification_key: str = ""
    sendgrid_url: str = "https://api.sendgrid.com"
    mailgun_domain: str = ""
    mailgun_api_key: SecretStr = SecretStr("")
    mailgun_signing_key: SecretStr = SecretStr("")
    mailgun_url: str = "https://api.mailgun.net"
    postmark_server_token: SecretStr = SecretStr("")
    postmark_stream: str = "outbound"
    postmark_webhook_user: str = ""
    postmark_webhook_password: SecretStr = SecretStr("")
    postmark_url: str = "https://api.postmarkapp.com"

    @property
    def is_configured(self) -> bool:
        """Whether the provider that carries mail has what it needs at the least."""
        needs = {
            "smtp": self.smtp_url,
            "ses": self.ses_region,
            "sendgrid": self.sendgrid_api_key.get_secret_value(),
            "mailgun": self.mailgun_api_key.get_secret_value(),
            "postmark": self.postmark_server_token.get_secret_value(),
        }
        return bool(needs[self.provider])


class Sms(Section):
    provider: Literal["twilio", "vonage"] = "twilio"
    from_: str = Field(default="", alias="from")
    twilio_url: str = "https://api.twilio.com"
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    vonage_host: str = "rest.nexmo.com"
    vonage_api_key: str = ""
    vonage_api_secret: SecretStr = SecretStr("")
    vonage_signature_secret: SecretStr = SecretStr("")
    connections: int = Field(default=16, ge=1, le=200)
    timeout_seconds: float = Field(default=10.0, gt=0)

    @property
    def is_configured(self) -> bool:
        return bool(self.twilio_account_sid if self.provider == "twilio" else self.vonage_api_key)


class Webhook(Section):
    ports: list[int] = Field(default=[443], min_length=1)
    timeout_seconds: float = Field(default=15.0, gt=0)
    connections: int = Field(default=100, ge=1, le=1_000)
    disable_after_hours: float = Field(default=DISABLE_AFTER_HOURS, ge=1)
    allow_private_networks: bool = False
    practice_host: str = Field(default="", pattern=r"^(127\.0\.0\.1:[0-9]{1,5})?$")


class Hooks(Section):
    audiences: list[str] = Field(default=["oncall"], min_length=1)
    grafana_secrets: list[SecretStr] = Field(default=[])
    pagerduty_secrets: list[SecretStr] = Field(default=[])
    sentry_secrets: list[SecretStr] = Field(default=[])
    incident_io_secrets: list[SecretStr] = Field(default=[])


class Push(Section):
    private_key: SecretStr = SecretStr("")
    contact: str = Field(default="", pattern=r"^(mailto:[^@\s]+@[^@\s]+|https://\S+)?$")
    timeout_seconds: float = Field(default=10.0, gt=0)
    connections: int = Field(default=50, ge=1, le=1_000)

    @field_validator("private_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            public_key(value.get_secret_value())
        return value

    @property
    def public_key(self) -> str:
        """Return what browsers subscribe with, "" where the channel is off."""
        private = self.private_key.get_secret_value()
        return public_key(private) if private else ""


class SocialAccount(Section):
    address: str
    url: str = Field(default="", pattern=r"^(https?://.+)?$")
    audience: str = ""
    token: SecretStr = SecretStr("")
    consumer_key: SecretStr = SecretStr("")
    consumer_secret: SecretStr = SecretStr("")
    access_token: SecretStr = SecretStr("")
    access_secret: SecretStr = SecretStr("")

    @field_validator("address")
    @classmethod
    def _read(cls, address: str) -> str:
        return read_account(address)[1]


class Social(Section):
    account: list[SocialAccount] = Field(default_factory=list[SocialAccount])
    x_url: str = Field(default="https://api.x.com", pattern=r"^https?://.+$")
    x_account: str = ""
    x_consumer_key: SecretStr = SecretStr("")
    x_consumer_secret: SecretStr = SecretStr("")
    x_access_token: SecretStr = SecretStr("")
    x_access_secret: SecretStr = SecretStr("")
    link: Literal["first", "every", "never"] = "first"
    gap_seconds: float = Field(default=60.0, ge=0)
    most_posts: int = Field(default=8, ge=1)
    timeout_seconds: float = Field(default=20.0, gt=0)


class Chat(Section):
    slack_url: str = SLACK_URL
    slack_bot_token: SecretStr = SecretStr("")
    teams_url: str = ""
    hosts: list[Annotated[str, Field(pattern=r"^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$")]] = Field(default=[])
    apprise_schemas: list[str] = Field(default=list(LONG_TAIL))
    timeout_seconds: float = Field(default=10.0, gt=0)

    @field_validator("apprise_schemas")
    @classmethod
    def _reaches_no_machine_of_ours(cls, value: list[str]) -> list[str]:
        if closed := sorted(NEVER.intersection(value)):
            raise ValueError(f"{closed[0]}:// reaches this machine or anything that speaks HTTP. It is never opened")
        return value

    @property
    def is_configured(self) -> bool:
        """Whether somebody said how the services are reached; webhooks work without."""
        return bool(self.slack_bot_token.get_secret_value() or self.teams_url) or self.slack_url != SLACK_URL


class Subscribe(Section):
    channels: list[Literal["email", "sms", "chat", "webhook", "push"]] = Field(
        default=["email", "sms", "chat", "webhook", "push"]
    )
    audience: str = ""
    sms_countries: list[Annotated[str, Field(pattern="^[A-Z]{2}$")]] = Field(default=[])
    confirm_hours: float = Field(default=48.0, gt=0)
    manage_days: float = Field(default=30.0, gt=0)
    per_address_a_day: int = Field(default=3, ge=1)
    per_network_an_hour: int = Field(default=20, ge=1)
    per_network_a_day: int = Field(default=60, ge=1)
    per_prefix_a_day: int = Field(default=10, ge=1)
    mails_a_day: int = Field(default=5_000, ge=1)
    texts_a_day: int = Field(default=300, ge=1)
    others_a_day: int = Field(default=500, ge=1)
