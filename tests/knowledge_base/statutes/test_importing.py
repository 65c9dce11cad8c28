from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from knowledge_base.errors import StatuteUnreadable
from knowledge_base.statutes.docx import read_docx
from knowledge_base.statutes.importing import import_statutes
from knowledge_base.statutes.native import read_native

Write = Callable[[str, str], Path]
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
RULES = "# 甲条例\n<!-- INFO END -->\n第一条 甲。\n第二条 乙。\n"


def docx(path: Path, *lines: str, body: str = "", head: str = "") -> Path:
    paragraphs = "".join(f"<w:p><w:r><w:t>{escape(line)}</w:t></w:r></w:p>" for line in lines)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "word/document.xml", f"{head}<w:document {W}><w:body>{paragraphs}{body}</w:body></w:document>"
        )
    return path


def test_reads_a_docx_without_its_tables(tmp_path: Path) -> None:
    table = "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>第三条 表里的字</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    tabbed = "<w:p><w:r><w:t>第二条</w:t><w:tab/><w:t>乙。</w:t></w:r></w:p>"
    path = docx(
        tmp_path / "甲条例_2020-01-01.docx", "甲条例", "第一章　总则", "第一条　甲。", body=tabbed + table
    )

    law = read_docx(path)

    assert law.law == "甲条例"
    assert [(a.number, a.heading, a.text) for a in law.articles] == [
        ("第一条", "第一章 总则", "甲。"),
        ("第二条", "第一章 总则", "乙。"),
    ]


def test_a_damaged_docx_gives_a_clear_message(tmp_path: Path) -> None:
    good = docx(tmp_path / "甲_2020-01-01.docx", "甲", "第一条　甲。")
    content = good.read_bytes()
    for broken in (content[: len(content) // 2], b"", b"text, no archive"):
        good.write_bytes(broken)
        with pytest.raises(StatuteUnreadable, match="不是完好的 DOCX"):
            read_docx(good)


def test_a_docx_with_entities_or_broken_xml_is_refused(tmp_path: Path) -> None:
    entity = docx(tmp_path / "甲_2020-01-01.docx", head='<!DOCTYPE a [<!ENTITY b "c">]>')
    with pytest.raises(StatuteUnreadable, match="DOCTYPE"):
        read_docx(entity)
    broken = docx(tmp_path / "乙_2020-01-01.docx", body="<w:p>")
    with pytest.raises(StatuteUnreadable, match="损坏"):
        read_docx(broken)


def test_importing_twice_changes_nothing(write: Write, tmp_path: Path) -> None:
    source = write("in/甲条例_2020-01-01.md", RULES).parent
    target = tmp_path / "out"

    first = import_statutes(source, target)
    second = import_statutes(source, target)

    assert [v.law for v in first.added] == ["甲条例"]
    assert (second.added, [v.law for v in second.unchanged], second.unread) == ([], ["甲条例"], [])
    assert len(read_native(next(target.iterdir())).articles) == 2
    assert import_statutes(target, tmp_path / "third").added == first.added


def test_says_what_it_could_not_read_and_imports_the_rest(write: Write, tmp_path: Path) -> None:
    source = write("in/甲条例_2020-01-01.md", RULES).parent
    write("in/散文_2020-01-01.md", "没有条文")
    write("in/坏_2020-01-01.docx", "no archive")
    write("in/图.png", "other files are passed over")

    report = import_statutes(source, tmp_path / "out")

    assert [v.law for v in report.added] == ["甲条例"]
    assert len(report.unread) == 2
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["甲条例_2020-01-01.txt"]


def test_a_law_under_two_dates_is_two_versions(write: Write, tmp_path: Path) -> None:
    source = write("in/甲条例_2010-01-01.md", RULES).parent
    write("in/甲条例_2020-01-01.md", RULES.replace("乙", "丙"))

    report = import_statutes(source, tmp_path / "out")

    assert len(report.added) == 2
    assert report.unread == []


def test_two_texts_under_one_date_are_not_guessed_between(write: Write, tmp_path: Path) -> None:
    source = write("in/a/甲条例_2020-01-01.md", RULES).parent.parent
    write("in/b/甲条例_2020-01-01.md", RULES.replace("乙", "丙"))
    assert "内容不同" in import_statutes(source, tmp_path / "out").unread[0]

    write("other/甲条例_2020-01-01.md", RULES.replace("甲。", "丁。"))

    report = import_statutes(tmp_path / "other", tmp_path / "out")

    assert report.added == []
    assert "已经有了，但内容不同" in report.unread[0]


def test_a_code_in_several_files_is_put_together(write: Write, tmp_path: Path) -> None:
    head = (
        "# 中华人民共和国甲法典\n\n# {}\n\n2020年5月28日 通过\n\n2021年1月1日 施行\n\n<!-- INFO END -->\n\n"
    )
    write("in/甲法典-乙编.md", head.format("乙编") + "第三条 丙。\n")
    source = write("in/甲法典-总则.md", head.format("总则") + "第一条 甲。\n第二条 乙。\n").parent

    (code,) = import_statutes(source, tmp_path / "out").added

    assert code.law == "甲法典"
    assert [a.number for a in code.articles] == ["第一条", "第二条", "第三条"]


def test_a_path_that_is_not_there_or_of_no_known_kind_is_named(write: Write, tmp_path: Path) -> None:
    assert "没有这个文件" in import_statutes(tmp_path / "none", tmp_path / "out").unread[0]
    assert "不认识的格式" in import_statutes(write("a.pdf", ""), tmp_path / "out").unread[0]
