"""Settings, read once, frozen, and handed out by section; the environment is read nowhere else.

`config/tocsin.toml` has every setting with its default and what it is for. Environment variables named
`TOCSIN_<SECTION>__<NAME>` overlay it, and for each of them `…_FILE` names a file that holds the value, for secrets.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Mapping
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from tocsin.carrier_sections import Email, Section, Sms
from tocsin.sections import Chat, Hooks, Push, Social, Subscribe, Webhook
from tocsin.wrong_setting import in_words

REPOSITORY_CONFIG = Path(__file__).parents[2] / "config"


class Web(Section):
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    max_body_bytes: int = Field(default=1_000_000, ge=1_000)
    max_import_line_bytes: int = Field(default=65_536, ge=1_000)
    requests_per_minute: int = Field(default=60_000, ge=1)
    session_idle_minutes: int = Field(default=30, ge=1)
    session_hours: int = Field(default=12, ge=1)
    trusted_proxies: list[str] = Field(default=["127.0.0.1"])

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses_or_networks(cls, value: list[str]) -> list[str]:
        for one in value:  # "*" is none: whoever is believed from anywhere counts as whomever they like
            ip_network(one)
        return value


class Database(Section):
    pool_size: int = Field(default=8, ge=1)


class Delivery(Section):
    batch: int = Field(default=500, ge=1, le=5_000)
    lease_seconds: float = Field(default=15.0, ge=1)
    sweep_seconds: float = Field(default=1.0, ge=0.05)
    journal: str = ""
    stalled_seconds: float = Field(default=30.0, ge=0)

    @field_validator("stalled_seconds")
    @classmethod
    def _lets_a_process_breathe(cls, value: float) -> float:
        if 0 < value < 1:  # each garbage collection would end the process
            raise ValueError("write 1 or more seconds, or 0 for never")
        return value


class Canary(Section):
    every_seconds: float = Field(default=300.0, ge=60)
    email: str = ""
    chat: str = ""
    sms: str = ""
    webhook: str = ""
    status_page: bool = False

    @property
    def addresses(self) -> dict[str, str]:
        """Return whom canaries go to, by channel and as it is written; nobody unless named."""
        named = {"email": self.email, "chat": self.chat, "sms": self.sms, "webhook": self.webhook}
        return {name: address for name, address in named.items() if address}


class StatusPage(Section):
    time_zone: str = "UTC"
    directory: str = ""


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "json"


class _Environment(EnvSettingsSource):
    """The environment, with `NAME_FILE` standing for the contents of the file that it names."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        variables = _with_files(super()._load_env_vars())
        self._refuse_unknown_sections(variables)
        return variables

    def _refuse_unknown_sections(self, variables: Mapping[str, str | None]) -> None:
        # Unknown names without a section are left alone: clusters add TOCSIN_SERVICE_HOST and the like by themselves.
        known = {f"tocsin_{name}__" for name in self.settings_cls.model_fields}
        for name in variables:
            if name.startswith("tocsin_") and "__" in name and not name.startswith(tuple(known)):
                raise BrokenSettings(f"{name.upper()}: there is no such section of settings. See config/tocsin.toml.")


def _with_files(variables: Mapping[str, str | None]) -> dict[str, str | None]:
    loaded = dict(variables)
    for name, path in variables.items():
        if name.startswith("tocsin_") and name.endswith("_file") and path:
            try:
                loaded[name.removesuffix("_file")] = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, ValueError) as error:
                raise BrokenSettings(f"{name.upper()} names a file that cannot be read: {error}") from error
            del loaded[name]
    return loaded


class BrokenSettings(ValueError):
    """A setting cannot be followed; the message names each place, and what to write instead."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="TOCSIN_", env_nested_delimiter="__", populate_by_name=True
    )

    brand: str = "Tocsin"
    home: Path = Path("~/.local/share/tocsin")
    public_url: str = ""
    database_url: str = ""
    broker_url: str = ""
    secret: SecretStr = SecretStr("")
    practice: bool = False

    web: Web = Web()
    database: Database = Database()
    email: Email = Email()
    sms: Sms = Sms()
    chat: Chat = Chat()
    push: Push = Push()
    webhook: Webhook = Webhook()
    social: Social = Social()
    hooks: Hooks = Hooks()
    subscribe: Subscribe = Subscribe()
    delivery: Delivery = Delivery()
    canary: Canary = Canary()
    status_page: StatusPage = StatusPage()
    log: Log = Log()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del env_settings, dotenv_settings, file_secret_settings
        return (
            init_settings,
            _Environment(settings_cls),
            TomlConfigSettingsSource(settings_cls, toml_file=config_directory() / "tocsin.toml"),
        )

    @property
    def home_directory(self) -> Path:
        return self.home.expanduser()

    @property
    def page_directory(self) -> Path:
        """Return where the status page is written to and served from."""
        return Path(self.status_page.directory) if self.status_page.directory else self.home_directory / "page"

    @property
    def journal_directory(self) -> Path | None:
        """Return where workers keep their journals, None where they are to keep none."""
        if self.delivery.journal == "off":
            return None
        return Path(self.delivery.journal) if self.delivery.journal else self.home_directory / "journal"

    @property
    def url(self) -> str:
        """Return the address that people reach Tocsin under, with no slash at its end."""
        return (self.public_url or f"http://{self.web.host}:{self.web.port}").rstrip("/")


def config_directory() -> Path:
    """Return the folder of tocsin.toml and policy.toml: `TOCSIN_CONFIG`, else the one of this checkout."""
    return Path(os.environ.get("TOCSIN_CONFIG") or REPOSITORY_CONFIG)


@cache
def load() -> Settings:
    """Read the settings of this process, once."""
    return read()


def read() -> Settings:
    """Read the settings as they stand now; raise BrokenSettings with every place that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        places = "\n".join(in_words(Settings, e["type"], e["loc"], e["msg"], e["input"]) for e in error.errors())
        raise BrokenSettings(f"These settings cannot be followed (see config/tocsin.toml):\n{places}") from error
    except tomllib.TOMLDecodeError as error:
        raise BrokenSettings(f"{config_directory() / 'tocsin.toml'} is not TOML: {error}") from error
    except SettingsError as error:
        raise BrokenSettings(f"{error}. Set the names within a section one by one: TOCSIN_EMAIL__SMTP_URL.") from error


def read_policy_text() -> str:
    """Return policy.toml as it stands; `tocsin.services.policy` makes rules of it."""
    return (config_directory() / "policy.toml").read_text()


def read_policy_file() -> dict[str, Any]:
    """Return what policy.toml says, unchecked."""
    return tomllib.loads(read_policy_text())


def new_secret() -> str:
    return secrets.token_urlsafe(32)
