"""The sections of the settings that say how each channel reaches its services; `config/tocsin.toml` explains them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from tocsin.carrier_sections import Pace, Section
from tocsin.domain.chat_address import LONG_TAIL, NEVER, SLACK_URL
from tocsin.domain.social import read_account
from tocsin.domain.trouble import DISABLE_AFTER_HOURS
from tocsin.domain.vapid_key import public_key


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
    posts_per_15_minutes: Pace = "auto"
    posts_per_day: Pace = "auto"
    timeout_seconds: float = Field(default=20.0, gt=0)


class Chat(Section):
    slack_url: str = SLACK_URL
    slack_bot_token: SecretStr = SecretStr("")
    teams_url: str = ""
    hosts: list[Annotated[str, Field(pattern=r"^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$")]] = Field(default=[])
    apprise_schemas: list[str] = Field(default=list(LONG_TAIL))
    messages_per_second: Pace = "auto"
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
