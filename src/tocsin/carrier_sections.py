"""Who carries mail and texts: one provider by the flat settings of its section, or several as a list of tables.

A table takes from the flat settings what it does not say itself. Where these are enough for a provider of their own,
that is the first one; a table that does not say where its provider is describes the first one further.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeVar, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)


class Section(BaseModel):
    """Settings that belong together. The environment writes numbers as text; `true` and `inf` are none all the same."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _is_no_number(cls, value: object, field: ValidationInfo) -> object:
        assert field.field_name is not None
        if isinstance(value, bool) and cls.model_fields[field.field_name].annotation is not bool:
            raise ValueError(f"{str(value).lower()} is for a setting that is on or off, which this is not")
        return value


MailKind = Literal["smtp", "ses", "sendgrid", "mailgun", "postmark"]
TextKind = Literal["twilio", "vonage"]
# The setting of each kind without which there is none, the first choice first.
_NEEDED: Final[Mapping[str, str]] = {
    "smtp": "smtp_url",
    "ses": "ses_region",
    "sendgrid": "sendgrid_api_key",
    "mailgun": "mailgun_api_key",
    "postmark": "postmark_server_token",
    "twilio": "twilio_account_sid",
    "vonage": "vonage_api_key",
}
# How pydantic names the two forms where it says what is wrong; people know neither.
NAMED, LISTED = "(a name)", "(a list)"


def _form(value: object) -> str:
    return LISTED if isinstance(value, list) else NAMED


class Table(Section):
    """What each provider of a list has besides its account."""

    name: Annotated[str, Field(pattern=r"^([a-z][a-z0-9_-]{0,31})?$")] = ""
    weight: int = Field(default=100, ge=0, le=1_000, strict=True)


# So many in a time, 0 for as many as there are, "auto" for what the provider publishes.
Pace = Literal["auto"] | Annotated[float, Field(ge=0)]


class MailAccount(Section):
    messages_per_second: Pace = "auto"
    messages_per_day: float = Field(default=0.0, ge=0)
    smtp_url: str = ""
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


class MailProvider(Table, MailAccount):
    kind: MailKind


class Email(MailAccount):
    provider: Annotated[
        Annotated[MailKind, Tag(NAMED)] | Annotated[list[MailProvider], Tag(LISTED)], Discriminator(_form)
    ] = "smtp"
    from_: str = Field(default="Tocsin <status@localhost>", alias="from")
    bounce_listen: str = Field(default="", pattern=r"^(([^\s:\[\]]*|\[[0-9a-fA-F:.]+\]):[0-9]{1,5})?$")

    @property
    def providers(self) -> Sequence[MailProvider]:
        """Return who carries mail, the first one first; nobody where the channel is off."""
        if isinstance(self.provider, str):
            return _all(self, [], MailProvider, [self.provider])
        return _all(self, self.provider, MailProvider, get_args(MailKind))

    @property
    def is_configured(self) -> bool:
        return bool(self.providers)

    @model_validator(mode="after")
    def _can_be_followed(self) -> Email:
        _check(self.providers, "email")
        return self


class TextAccount(Section):
    from_: str = Field(default="", alias="from")
    segments_per_second: Pace = "auto"
    twilio_url: str = "https://api.twilio.com"
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    vonage_host: str = "rest.nexmo.com"
    vonage_api_key: str = ""
    vonage_api_secret: SecretStr = SecretStr("")
    vonage_signature_secret: SecretStr = SecretStr("")
    connections: int = Field(default=16, ge=1, le=200)
    timeout_seconds: float = Field(default=10.0, gt=0)


class TextProvider(Table, TextAccount):
    kind: TextKind


class Sms(TextAccount):
    provider: Annotated[
        Annotated[TextKind, Tag(NAMED)] | Annotated[list[TextProvider], Tag(LISTED)], Discriminator(_form)
    ] = "twilio"

    @property
    def providers(self) -> Sequence[TextProvider]:
        """Return who carries texts, the first one first; nobody where the channel is off."""
        if isinstance(self.provider, str):
            return _all(self, [], TextProvider, [self.provider])
        return _all(self, self.provider, TextProvider, get_args(TextKind))

    @property
    def kind(self) -> TextKind:
        """Return whose the first provider is, which is the one to practise with where there is none."""
        if isinstance(self.provider, str):
            return self.provider
        return self.providers[0].kind if self.providers else "twilio"

    @property
    def is_configured(self) -> bool:
        return bool(self.providers)

    @model_validator(mode="after")
    def _can_be_followed(self) -> Sms:
        _check(self.providers, "sms")
        return self


_Provider = TypeVar("_Provider", MailProvider, TextProvider)


def _all(
    flat: Email | Sms, wished: Sequence[_Provider], table: type[_Provider], kinds: Sequence[str]
) -> Sequence[_Provider]:
    shared = {name: getattr(flat, name) for name in _account(table)}
    complete = next((kind for kind in kinds if _given(shared, kind)), None)
    tables = list(wished)
    if complete is not None and not any(one.kind == complete and not _says_where(one) for one in wished):
        tables.insert(0, table.model_validate({"kind": complete}))
    found: list[_Provider] = []
    for one in tables:
        said = {name: getattr(one, name) for name in one.model_fields_set}
        found.append(table.model_validate({**shared, **said, "name": one.name or _next_name(one.kind, found)}))
    return tuple(found)


def _account(table: type[Section]) -> set[str]:
    return set(table.model_fields) - {"kind", *Table.model_fields}


def _next_name(kind: str, taken: Sequence[MailProvider | TextProvider]) -> str:
    names = {one.name for one in taken}
    return next(name for n in range(1, len(taken) + 2) if (name := kind if n == 1 else f"{kind}-{n}") not in names)


def _given(values: Mapping[str, Any], kind: str) -> bool:
    value = values[_NEEDED[kind]]
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


def _says_where(one: MailProvider | TextProvider) -> bool:
    return _NEEDED[one.kind] in one.model_fields_set


def _check(providers: Sequence[MailProvider | TextProvider], section: str) -> None:
    seen: set[str] = set()
    for one in providers:
        if not _given(dict(one), one.kind):
            raise ValueError(f"the provider {one.name} needs {_NEEDED[one.kind]}, in its table or in [{section}]")
        if one.name in seen:
            raise ValueError(f"two providers are called {one.name}: give one of them another name")
        seen.add(one.name)
