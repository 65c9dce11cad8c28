from __future__ import annotations

from pathlib import Path

import pytest

from bot.config import SettingError, load_settings, read_env_file


def test_defaults_listen_on_loopback() -> None:
    settings = load_settings({})

    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.resolved_database_url.startswith("sqlite+aiosqlite:///")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WENFA_PORT", "eighty"),
        ("WENFA_PORT", "70000"),
        ("WENFA_NLU_TIMEOUT_SECONDS", "0"),
        ("WENFA_NLU_ENABLED", "x"),
        ("WENFA_LOG_FORMAT", "xml"),
        ("WENFA_VECTORS", "some"),
        ("WENFA_MAP_URL", "https://map.example/{street}"),
        ("WENFA_MAP_URL", "javascript:alert({latitude})"),
        ("WENFA_MAP_SEARCH_URL", "https://map.example/{latitude}"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        load_settings({name: value})


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(SettingError, match="WENFA_PROT"):
        load_settings({"WENFA_PROT": "1"})


def test_a_file_gives_settings_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "settings"
    path.write_text('# comment\nWENFA_PORT=9001\nWENFA_HOST="0.0.0.0"\n', encoding="utf-8")
    monkeypatch.setenv("WENFA_ENV_FILE", str(path))
    monkeypatch.setenv("WENFA_PORT", "9002")

    settings = load_settings()

    assert (settings.host, settings.port) == ("0.0.0.0", 9002)  # noqa: S104 - only read back


def test_a_line_without_a_value_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "settings"
    path.write_text("WENFA_PORT\n", encoding="utf-8")

    with pytest.raises(SettingError, match=":1:"):
        read_env_file(path)
