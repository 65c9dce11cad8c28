from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from bot.commands import kb
from bot.config import Settings


def run(*words: str, data_folder: Path) -> int:
    parser = argparse.ArgumentParser()
    kb.add_arguments(parser)
    args = parser.parse_args(list(words))
    args.settings = Settings(data_folder=data_folder)
    return int(args.run(args))


def test_check_passes_on_the_cards_of_the_product(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run("check", "--hard", data_folder=tmp_path)

    out = capsys.readouterr().out
    assert status == 0, out
    assert "问题 0 个" in out
    assert "（提示）" in out


def test_check_names_card_and_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # The environmental code was not yet in force, so the cards that stand on it don't hold for that day.
    status = run("check", "--as-of", "2026-08-14", "--file", "dumping.yml", data_folder=tmp_path)

    out = capsys.readouterr().out
    assert status == 1
    assert all(line.startswith("dumping.yml: ") for line in out.splitlines()[:-1])
    assert "生态环境法典" in out


def test_check_of_one_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("check", "--as-of", "2026-08-14", "--card", "dump_household_person", data_folder=tmp_path)

    lines = capsys.readouterr().out.splitlines()[:-1]
    assert lines
    assert all(": dump_household_person" in line for line in lines)


def test_import_puts_statutes_where_the_product_reads_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "甲办法_2026-01-01.md"
    source.write_text("# 甲办法\n<!-- INFO END -->\n第一条 甲。\n", encoding="utf-8")

    assert run("import", str(source), data_folder=tmp_path / "var") == 0
    assert "已导入 甲办法" in capsys.readouterr().out
    assert (tmp_path / "var" / "statutes" / "甲办法_2026-01-01.txt").is_file()
    assert run("import", str(source), data_folder=tmp_path / "var") == 0
    assert "没有变化" in capsys.readouterr().out
    assert run("import", str(tmp_path / "none.md"), data_folder=tmp_path / "var") == 1
    assert "没有这个文件" in capsys.readouterr().err


def test_importing_a_newer_text_lists_the_cards_that_it_touches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "动物防疫法_2027-01-01.md"
    source.write_text(
        "# 中华人民共和国动物防疫法\n<!-- INFO END -->\n第一条 甲。\n第三十条 养犬的新规定。\n",
        encoding="utf-8",
    )

    assert run("import", str(source), data_folder=tmp_path / "var") == 0
    out = capsys.readouterr().out
    assert "要复核：dog_register_fuqing 引用的 动物防疫法第三十条 自 2027-01-01 变动" in out

    assert run("changes", "--since", "2026-12-31", "--all", data_folder=tmp_path / "var") == 1
    assert "要复核的卡片" in capsys.readouterr().out


def test_damaged_statutes_stop_the_command_with_a_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var" / "statutes").mkdir(parents=True)
    (tmp_path / "var" / "statutes" / "坏.txt").write_text("坏", encoding="utf-8")

    assert kb.main(["changes", "--since", "2026-01-01"]) == 1
    assert "坏.txt：缺少文件头" in capsys.readouterr().err
