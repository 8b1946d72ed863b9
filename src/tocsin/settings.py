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
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.sources import TomlConfigSettingsSource

REPOSITORY_CONFIG = Path(__file__).parents[2] / "config"


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Web(Section):
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    max_body_bytes: int = Field(default=1_000_000, ge=1_000)
    max_import_line_bytes: int = Field(default=65_536, ge=1_000)
    requests_per_minute: int = Field(default=60_000, ge=1)
    session_idle_minutes: int = Field(default=30, ge=1)
    session_hours: int = Field(default=12, ge=1)


class Database(Section):
    pool_size: int = Field(default=8, ge=1)


class Email(Section):
    smtp_url: str = ""
    from_: str = Field(default="Tocsin <status@localhost>", alias="from")
    bounce_domain: str = ""
    connections: int = Field(default=4, ge=1, le=64)
    starttls: Literal["auto", "require", "never"] = "auto"
    timeout_seconds: float = Field(default=30.0, gt=0)
    receipt_token: SecretStr = SecretStr("")


class Delivery(Section):
    batch: int = Field(default=500, ge=1, le=5_000)
    lease_seconds: float = Field(default=15.0, gt=0)
    sweep_seconds: float = Field(default=1.0, gt=0)


class StatusPage(Section):
    time_zone: str = "UTC"
    directory: str = ""


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "json"


class _Environment(EnvSettingsSource):
    """The environment, with `NAME_FILE` standing for the contents of the file that it names."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return _with_files(super()._load_env_vars())


def _with_files(variables: Mapping[str, str | None]) -> dict[str, str | None]:
    loaded = dict(variables)
    for name, path in variables.items():
        if name.lower().startswith("tocsin_") and name.lower().endswith("_file") and path:
            loaded[name[: -len("_file")]] = Path(path).read_text().strip()
            del loaded[name]
    return loaded


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
    delivery: Delivery = Delivery()
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
    def url(self) -> str:
        """Return the address that people reach Tocsin under, with no slash at its end."""
        return (self.public_url or f"http://{self.web.host}:{self.web.port}").rstrip("/")


def config_directory() -> Path:
    """Return the folder of tocsin.toml and policy.toml: `TOCSIN_CONFIG`, else the one of this checkout."""
    return Path(os.environ.get("TOCSIN_CONFIG") or REPOSITORY_CONFIG)


@cache
def load() -> Settings:
    """Read the settings of this process, once."""
    return Settings()


def read_policy_file() -> dict[str, Any]:
    """Return policy.toml as it stands; `tocsin.domain.policy` and `tocsin.services.policy` make rules of it."""
    return tomllib.loads((config_directory() / "policy.toml").read_text())


def new_secret() -> str:
    return secrets.token_urlsafe(32)
