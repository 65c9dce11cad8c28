"""The settings, each read from the environment here and nowhere else.

A setting may also stand in a file of `NAME=value` lines: `.env` in the working directory, or the one that
WENFA_ENV_FILE names. The environment wins over the file. Every setting is in `.env.example` and
`docs/configuration.md` (tests/test_docs.py checks).
"""

from __future__ import annotations

import os
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tickets.categories import DATA_FOLDER

ROOT = Path(__file__).resolve().parent.parent


class SettingError(Exception):
    """A setting is missing or can't be read; the message names it."""


def _port(value: str) -> int:
    port = int(value)
    if not 0 <= port <= 65535:
        raise ValueError("a port lies between 0 and 65535")
    return port


def _seconds(value: str) -> float:
    seconds = float(value)
    if seconds <= 0:
        raise ValueError("must be above 0")
    return seconds


def _pause(value: str) -> float:
    seconds = float(value)
    if not 0 <= seconds <= 5:
        raise ValueError("between 0 and 5")
    return seconds


def _flag(value: str) -> bool:
    if value.lower() not in {"0", "1", "true", "false", "yes", "no"}:
        raise ValueError("use 1 or 0")
    return value.lower() in {"1", "true", "yes"}


def _log_format(value: str) -> str:
    if value not in {"text", "json"}:
        raise ValueError("use text or json")
    return value


def _vectors(value: str) -> str:
    if value not in {"all", "cards", "off"}:
        raise ValueError("use all, cards or off")
    return value


def _origins(value: str) -> tuple[str, ...]:
    origins = tuple(origin.strip().rstrip("/") for origin in value.split(",") if origin.strip())
    for origin in origins:
        if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?", origin):
            raise ValueError("origins such as https://www.example.gov.cn, separated by commas")
    return origins


def _map_url(value: str) -> str:
    return _with_only(value, {"latitude", "longitude", "name"})


def _map_search_url(value: str) -> str:
    return _with_only(value, {"place"})


def _with_only(value: str, known: set[str]) -> str:
    """An address with no placeholders but these, and one that a browser may open from our pages."""
    names = {name for _, name, _, _ in string.Formatter().parse(value) if name is not None}
    if names - known:
        raise ValueError(f"unknown placeholder {', '.join(sorted(names - known))}")
    if not value.startswith(("https://", "http://", "geo:")):
        raise ValueError("must begin with https:// or geo:")
    return value


def _count(value: str) -> int:
    count = int(value)
    if not 12 <= count <= 60_000:
        raise ValueError("from 12 to 60000")
    return count


def _hosts(value: str) -> tuple[str, ...]:
    return tuple(host.strip().lower() for host in value.split(",") if host.strip())


_TEMPLATE_FIELDS = (
    ("ticket_no", "character_string1"),
    ("status", "phrase2"),
    ("text", "thing3"),
    ("time", "time4"),
)


def _template_kind(value: str) -> str:
    if value not in {"template", "subscribe"}:
        raise ValueError("use template or subscribe")
    return value


def _template_fields(value: str) -> tuple[tuple[str, str], ...]:
    pairs = dict(part.strip().partition("=")[::2] for part in value.split(","))
    names = dict(_TEMPLATE_FIELDS)
    if not pairs.keys() <= names.keys() or not all(pairs.values()):
        raise ValueError(f"name=field by commas; names: {', '.join(names)}")
    return tuple(pairs.items())


def _setting(name: str, default: Any, read: Callable[[str], Any], meaning: str) -> Any:
    return field(default=default, metadata={"name": name, "read": read, "meaning": meaning})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings with their defaults; `metadata` of each field names its variable and says what it
    means.
    """

    host: str = _setting("WENFA_HOST", "127.0.0.1", str, "address that the web server listens on")
    port: int = _setting("WENFA_PORT", 8080, _port, "port of the web server; 0 takes any free one")
    public_url: str = _setting(
        "WENFA_PUBLIC_URL", "", str, "address under which people reach it, if not the above"
    )
    data_folder: Path = _setting("WENFA_DATA_FOLDER", ROOT / "var", Path, "database, photos, models, caches")
    database_url: str = _setting(
        "WENFA_DATABASE_URL", "", str, "SQLAlchemy address; empty: SQLite in the data folder"
    )
    nlu_port: int = _setting(
        "WENFA_NLU_PORT", 5055, _port, "loopback port of the Rasa NLU server; 0 takes any free one"
    )
    nlu_model: str = _setting("WENFA_NLU_MODEL", "", str, "model file; empty: the one that `make train` made")
    nlu_timeout_seconds: float = _setting(
        "WENFA_NLU_TIMEOUT_SECONDS", 2.0, _seconds, "how long a message waits for NLU"
    )
    nlu_enabled: bool = _setting("WENFA_NLU_ENABLED", True, _flag, "0 starts without language understanding")
    vectors: str = _setting(
        "WENFA_VECTORS", "all", _vectors, "search by meaning: all, cards (no articles) or off"
    )
    gather_seconds: float = _setting(
        "WENFA_GATHER_SECONDS",
        1.2,
        _pause,
        "quiet time after which messages sent at once are answered; 0: each by itself",
    )
    telegram_token: str = _setting(
        "WENFA_TELEGRAM_TOKEN", "", str, "bot token from @BotFather; empty: no Telegram"
    )
    telegram_api_url: str = _setting(
        "WENFA_TELEGRAM_API_URL", "https://api.telegram.org", str, "Bot API server, to use a local one"
    )
    telegram_staff_chat: int = _setting(
        "WENFA_TELEGRAM_STAFF_CHAT", 0, int, "id of the officers' forum group on Telegram; 0: none"
    )
    telegram_webhook: bool = _setting(
        "WENFA_TELEGRAM_WEBHOOK", False, _flag, "1: Telegram calls us at the public address; 0: we fetch"
    )
    wechat_app_id: str = _setting(
        "WENFA_WECHAT_APP_ID", "", str, "AppID of the official account; empty: no WeChat"
    )
    wechat_secret: str = _setting("WENFA_WECHAT_SECRET", "", str, "AppSecret of the official account")
    wechat_token: str = _setting(
        "WENFA_WECHAT_TOKEN", "", str, "the Token that is set on the account's server page"
    )
    wechat_aes_key: str = _setting(
        "WENFA_WECHAT_AES_KEY", "", str, "its EncodingAESKey, 43 characters; empty: plain mode"
    )
    wechat_template: str = _setting(
        "WENFA_WECHAT_TEMPLATE", "", str, "id of the template for news after 48 hours; empty: they wait"
    )
    wechat_template_kind: str = _setting(
        "WENFA_WECHAT_TEMPLATE_KIND", "template", _template_kind, "template or subscribe (订阅通知)"
    )
    wechat_template_fields: tuple[tuple[str, str], ...] = _setting(
        "WENFA_WECHAT_TEMPLATE_FIELDS",
        _TEMPLATE_FIELDS,
        _template_fields,
        "what the template calls ticket_no, status, text and time",
    )
    wechat_api_url: str = _setting(
        "WENFA_WECHAT_API_URL", "https://api.weixin.qq.com", str, "server of the WeChat API"
    )
    contact_keys: str = _setting(
        "WENFA_CONTACT_KEYS",
        "",
        str,
        "keys that seal contact data, name:base64 of 32 bytes, by commas, newest last; empty: a file in var",
    )
    admin_second_factor: bool = _setting(
        "WENFA_ADMIN_SECOND_FACTOR", True, _flag, "0 lets administrators in without a second factor"
    )
    map_url: str = _setting(
        "WENFA_MAP_URL",
        "geo:{latitude},{longitude}?q={latitude},{longitude}({name})",
        _map_url,
        "map of a place: {latitude} {longitude} (WGS-84) {name}; geo: opens the officer's own map",
    )
    map_search_url: str = _setting(
        "WENFA_MAP_SEARCH_URL",
        "",
        _map_search_url,
        "map search for a {place} in words; empty: none",
    )
    photo_store: str = _setting(
        "WENFA_PHOTO_STORE", "", str, "s3://bucket or s3://bucket/prefix; empty: photos in the data folder"
    )
    s3_endpoint: str = _setting(
        "WENFA_S3_ENDPOINT", "", str, "address of the S3 server, such as http://127.0.0.1:9000; empty: Amazon"
    )
    s3_access_key: str = _setting("WENFA_S3_ACCESS_KEY", "", str, "access key of the photo store")
    s3_secret_key: str = _setting("WENFA_S3_SECRET_KEY", "", str, "secret key of the photo store")
    s3_region: str = _setting("WENFA_S3_REGION", "", str, "region of the photo store, where there are any")
    city_folder: str = _setting(
        "WENFA_CITY_FOLDER", "", str, "YAML data of another city; empty: 福清, in tickets/data"
    )
    embed_origins: tuple[str, ...] = _setting(
        "WENFA_EMBED_ORIGINS", (), _origins, "sites that may show the chat, by commas; empty: none"
    )
    redis_url: str = _setting(
        "WENFA_REDIS_URL", "", str, "Redis that joins several processes' open pages; empty: one process"
    )
    campaign_per_minute: int = _setting(
        "WENFA_CAMPAIGN_PER_MINUTE", 240, _count, "how many messages of a campaign go out in a minute"
    )
    webhook_hosts: tuple[str, ...] = _setting(
        "WENFA_WEBHOOK_HOSTS",
        (),
        _hosts,
        "hosts that webhooks may call by http or in our own network, by commas",
    )
    log_format: str = _setting("WENFA_LOG_FORMAT", "text", _log_format, "text or json")

    @property
    def resolved_database_url(self) -> str:
        """The address of the database, SQLite in the data folder if none is set."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_folder / 'wenfa.db'}"

    @property
    def city_data(self) -> Path:
        """The folder of the city's YAML data."""
        return Path(self.city_folder) if self.city_folder else DATA_FOLDER

    @property
    def base_url(self) -> str:
        """Where people reach the web pages, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


def read_env_file(path: Path) -> dict[str, str]:
    """Read `NAME=value` lines; `#` begins a comment line, quotes around a value are dropped.

    Raises: SettingError for a line that is neither.
    """
    values: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = stripped.partition("=")
        if not equals:
            raise SettingError(f"{path}:{number}: expected NAME=value")
        values[name.strip()] = value.strip().strip("'\"")
    return values


def load_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """The settings of this process.

    Args:
        environ: in place of `os.environ` and the file, for tests.
        overrides: fields set on the command line.

    Raises: SettingError, which names the variable, for a value that can't be read or an unknown WENFA_
    variable.
    """
    if environ is None:
        env_file = Path(os.environ.get("WENFA_ENV_FILE", ".env"))
        environ = {**(read_env_file(env_file) if env_file.is_file() else {}), **os.environ}
    known = {setting.metadata["name"]: setting for setting in fields(Settings)}
    ours = {name for name in environ if name.startswith("WENFA_") and not name.startswith("WENFA_TEST_")}
    unknown = ours - known.keys() - {"WENFA_ENV_FILE"}
    if unknown:
        raise SettingError(f"unknown setting: {', '.join(sorted(unknown))} (see docs/configuration.md)")
    values = {}
    for name, setting in known.items():
        if environ.get(name, "") == "":
            continue
        try:
            values[setting.name] = setting.metadata["read"](environ[name])
        except ValueError as error:
            raise SettingError(f"{name}={environ[name]!r} can't be used: {error}") from error
    return Settings(**{**values, **overrides})
