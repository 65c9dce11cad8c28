"""The readers over a whole public collection that lies beside the project; skipped where it does not."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from knowledge_base.statutes.importing import ImportReport, import_statutes
from knowledge_base.statutes.version import StatuteVersion

COLLECTION = Path(__file__).parents[4] / "shared" / "statutes"
pytestmark = pytest.mark.skipif(not (COLLECTION / "INDEX.tsv").is_file(), reason="no collection at hand")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("statutes")


@pytest.fixture(scope="module")
def imported(target: Path) -> ImportReport:
    return import_statutes(COLLECTION, target)


@pytest.fixture(scope="module")
def by_file(imported: ImportReport) -> dict[str, StatuteVersion]:
    return {name: version for version in imported.added for name in version.source.split("、")}


@pytest.fixture(scope="module")
def index() -> list[dict[str, str]]:
    with (COLLECTION / "INDEX.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_every_file_is_read(
    imported: ImportReport, by_file: dict[str, StatuteVersion], index: list[dict[str, str]]
) -> None:
    assert imported.unread == []
    assert {row["file"] for row in index} <= by_file.keys()


def test_importing_again_changes_nothing(imported: ImportReport, target: Path) -> None:
    again = import_statutes(COLLECTION, target)

    assert (again.added, again.unread) == ([], [])
    assert len(again.unchanged) == len(imported.added)


def test_each_has_as_many_articles_as_its_index_says(
    by_file: dict[str, StatuteVersion], index: list[dict[str, str]]
) -> None:
    whole = [row for row in index if "、" not in by_file[row["file"]].source]

    assert [row["file"] for row in whole if len(by_file[row["file"]].articles) != int(row["articles"])] == []


def test_the_date_in_the_file_name_is_the_version(by_file: dict[str, StatuteVersion]) -> None:
    dated = {name: version for name, version in by_file.items() if name[-13:-9].isdigit()}

    assert len(dated) > 100
    assert [name for name, version in dated.items() if version.version.isoformat() not in name] == []


def test_a_code_in_several_files_is_one_statute(imported: ImportReport) -> None:
    (code,) = [version for version in imported.added if version.law == "民法典"]

    assert len(code.articles) == 1260
    assert [code.articles[0].number, code.articles[-1].number] == ["第一条", "第一千二百六十条"]


def test_no_header_heading_or_annex_sticks_to_an_article(imported: ImportReport) -> None:
    texts = [article.text for version in imported.added for article in version.articles]

    assert [text for text in texts if "INFO END" in text or text.startswith("#") or "\n#" in text] == []
    assert [v.law for v in imported.added if "附件" in v.articles[-1].text[:4]] == []
    assert [v.law for v in imported.added if len(v.articles[-1].text) > 300] == []
