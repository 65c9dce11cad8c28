from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from knowledge_base.errors import StatuteUnreadable
from knowledge_base.statutes.markdown import read_text_file, statute_from_text
from knowledge_base.statutes.native import native_name, read_native, write_native
from knowledge_base.statutes.package import database_path, read_package
from knowledge_base.statutes.text import find_articles

Write = Callable[[str, str], Path]

LAW = """# 中华人民共和国试验条例

1990年1月1日 国务院令第1号发布

２０１１年1月8日 修订

<!-- INFO END -->

为了试验，制定本条例。

## 第一章 总则

第一条 第一句。

第三十条规定的不是新的一条。

第一条之一 插入的一条。

## 第二章 罚则

### 第一节 罚款

第二条 有下列情形之一的，罚款：

（一）乱倒；

（二）乱贴。

第九条 本条例自1990年3月1日起施行。

附件：收费表

| 名称 | 元 |

第三条 附件里的条文不是本法的条文。
"""


def test_reads_articles_with_their_headings() -> None:
    law = statute_from_text(LAW, "试验条例(2017-03-01).md")

    assert law.law == "试验条例"
    assert [(a.number, a.heading) for a in law.articles] == [
        ("第一条", "第一章 总则"),
        ("第一条之一", "第一章 总则"),
        ("第二条", "第二章 罚则 第一节 罚款"),
        ("第九条", "第二章 罚则 第一节 罚款"),
    ]
    assert law.articles[0].text == "第一句。\n第三十条规定的不是新的一条。"
    assert law.articles[2].text.splitlines() == ["有下列情形之一的，罚款：", "（一）乱倒；", "（二）乱贴。"]


def test_annexes_and_tables_are_not_part_of_the_last_article() -> None:
    law = statute_from_text(LAW, "试验条例(2017-03-01).md")

    assert law.articles[-1].text == "本条例自1990年3月1日起施行。"


def test_the_date_in_the_file_name_wins_over_the_header() -> None:
    assert statute_from_text(LAW, "试验条例(2017-03-01).md").version == date(2017, 3, 1)
    assert statute_from_text(LAW, "试验条例_2017-03-01.md").version == date(2017, 3, 1)
    assert statute_from_text(LAW, "试验条例.md").version == date(2011, 1, 8)


def test_knows_when_the_statute_and_this_text_of_it_came_into_force() -> None:
    law = statute_from_text(LAW, "试验条例(2017-03-01).md")

    assert law.first_effective == date(1990, 3, 1)
    assert law.effective_from == date(2017, 3, 1)


def test_a_part_of_a_code_belongs_to_the_code() -> None:
    text = "# 中华人民共和国民法典\n\n# 总则\n\n2021年1月1日 施行\n\n<!-- INFO END -->\n\n第一条 为了。\n"

    assert statute_from_text(text, "民法典-总则.md").law == "民法典"


def test_plain_text_needs_no_marks() -> None:
    text = "试验办法\n2020年5月6日发布\n\n第一章　总　则\n\n第一条　甲。\n第二条　乙。\n"

    law = statute_from_text(text, "试验办法.txt")

    assert law.law == "试验办法"
    assert [a.text for a in law.articles] == ["甲。", "乙。"]
    assert law.articles[0].heading == "第一章 总 则"


def test_numbers_that_go_back_belong_to_the_article_that_quotes_them() -> None:
    articles = find_articles("第一条 修改如下：\n第五条 甲。\n第二条 乙。\n第六条 丙。")

    assert [a.number for a in articles] == ["第一条", "第五条", "第六条"]
    assert articles[1].text == "甲。\n第二条 乙。"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("散文_2020-01-01.md", "# 散文\n<!-- INFO END -->\n没有条文。", "没有找到条文"),
        ("某法.md", "# 某法\n<!-- INFO END -->\n第一条 甲。", "没有公布日期"),
        ("某法_2020-02-30.md", "# 某法\n<!-- INFO END -->\n第一条 甲。", "日期不存在"),
    ],
)
def test_says_why_a_file_is_no_statute(name: str, text: str, reason: str, write: Write) -> None:
    with pytest.raises(StatuteUnreadable, match=reason):
        read_text_file(write(name, text))


def test_refuses_text_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "某法_2020-01-01.md"
    path.write_bytes("第一条 甲。".encode("gb18030"))

    with pytest.raises(StatuteUnreadable, match="UTF-8"):
        read_text_file(path)


def test_own_files_hold_all_that_was_read(write: Write) -> None:
    law = statute_from_text(LAW, "试验条例(2017-03-01).md")

    again = read_native(write(native_name(law), write_native(law)))

    assert again == law


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("第一条 甲。", "缺少文件头"),
        ("---\nlaw: 某法\n---\n第一条 甲。", "文件头有误"),
        ("---\nlaw: 某法\nversion: 昨天\neffective_from: 2020-01-01\n---\n第一条 甲。", "文件头有误"),
        ("---\nlaw: 某法\nversion: 2020-01-01\neffective_from: 2020-01-01\n---\n没有条文", "没有条文"),
    ],
)
def test_says_what_is_wrong_with_an_own_file(text: str, reason: str, write: Write) -> None:
    with pytest.raises(StatuteUnreadable, match=reason):
        read_native(write("某法.txt", text))


def test_reads_all_laws_of_the_package() -> None:
    versions = read_package(database_path())

    assert len(versions) > 350
    assert all(version.articles for version in versions)
    assert not any(version.law.startswith("中华人民共和国") for version in versions)


def test_an_article_of_the_package_does_not_hold_the_heading_after_it() -> None:
    versions = {version.law: version for version in read_package(database_path())}
    texts = [article.text for version in versions.values() for article in version.articles]

    assert versions["民法典"].articles[-3].text.endswith("应当承担侵权责任。")
    assert not [
        text for text in texts if re.search(r"\n(?:附\s*则|第[一二三四五六七八九十]+[编章节]\s.*)$", text)
    ]
    assert not [text for text in texts if re.search(r"[\u4e00-\u9fff、，] +[\u4e00-\u9fff]", text)]


def test_says_when_the_package_file_is_missing_or_damaged(tmp_path: Path) -> None:
    with pytest.raises(StatuteUnreadable, match="找不到"):
        read_package(tmp_path / "laws.db")
    (tmp_path / "laws.db").write_bytes(b"no database" * 200)
    with pytest.raises(StatuteUnreadable, match="损坏"):
        read_package(tmp_path / "laws.db")


def test_a_law_that_the_package_calls_repealed_is_not_in_force(tmp_path: Path) -> None:
    path = tmp_path / "laws.db"
    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE TABLE laws (law_id, law_name, effective_date, version_date, publish_date, status)"
    )
    connection.execute("CREATE TABLE articles (id, law_id, article_no, chapter, section, article_text)")
    connection.execute(
        "INSERT INTO laws VALUES ('a', '中华人民共和国甲法', NULL, NULL, '2000-01-01', '已废止')"
    )
    connection.execute("INSERT INTO articles VALUES (1, 'a', '第一条', '第一章 总则', NULL, '甲。')")
    connection.commit()
    connection.close()

    (version,) = read_package(path)

    assert version.law == "甲法"
    assert version.status_on(date(2020, 1, 1)).value == "repealed"
