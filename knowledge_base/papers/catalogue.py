"""Which papers there are, what each leaves blank for the citizen, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge_base.deadlines import Rule


@dataclass(frozen=True, slots=True)
class Blank:
    """Something that a paper leaves for the citizen to say.

    Attributes:
        key: its name in the template.
        title: what a reader calls it; stands in the mark that shows it is missing.
        is_long: whole paragraphs, not a line.
    """

    key: str
    title: str
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """A kind of paper.

    Attributes:
        title: as it stands on top of it.
        blanks: in the order in which they are best asked: the matter first, the person last.
        rests_on: articles that say what must be in it; a test holds their words against the statutes.
        card: id of the card that says how the procedure goes.
    """

    code: str
    title: str
    blanks: tuple[Blank, ...]
    rests_on: tuple[Rule, ...]
    card: str

    @property
    def template(self) -> str:
        """File name of its template."""
        return f"{self.code}.docx"

    def blank(self, key: str) -> Blank | None:
        """The blank of that name."""
        return next((blank for blank in self.blanks if blank.key == key), None)


_PERSON = (
    Blank("name", "姓名"),
    Blank("phone", "联系电话"),
    Blank("address", "住址"),
    Blank("id_number", "身份证号码"),
)

PAPERS = {
    paper.code: paper
    for paper in (
        Paper(
            "reconsideration",
            "行政复议申请书",
            (
                Blank("agency", "作出决定的单位"),
                Blank("decision", "决定书的名称和文号"),
                Blank("received_on", "收到决定书的日期"),
                Blank("request", "复议请求", is_long=True),
                Blank("reasons", "事实和理由", is_long=True),
                *_PERSON,
            ),
            (
                Rule("行政复议法实施条例", "第十九条", "应当在行政复议申请书中载明下列事项"),
                Rule(
                    "行政复议法", "第二十条", "可以自知道或者应当知道该行政行为之日起六十日内提出行政复议申请"
                ),
                Rule("行政复议法", "第二十二条", "可以书面申请"),
                Rule("行政复议法", "第二十四条", "对本级人民政府工作部门作出的行政行为不服的"),
            ),
            "recon_where",
        ),
        Paper(
            "hearing",
            "听证申请书",
            (
                Blank("agency", "要处罚您的单位"),
                Blank("notice", "告知书的名称和文号"),
                Blank("received_on", "收到告知书的日期"),
                Blank("reasons", "要求听证的理由", is_long=True),
                *_PERSON,
            ),
            (
                Rule("行政处罚法", "第六十三条", "应当告知当事人有要求听证的权利"),
                Rule("行政处罚法", "第六十四条", "当事人要求听证的，应当在行政机关告知后五日内提出"),
            ),
            "hearing_deadline",
        ),
        Paper(
            "disclosure",
            "政府信息公开申请表",
            (
                Blank("agency", "保存这些信息的单位"),
                Blank("information", "所需信息的名称、文号或者特征", is_long=True),
                Blank("form", "提供形式和获取方式"),
                *_PERSON,
            ),
            (Rule("政府信息公开条例", "第二十九条", "政府信息公开申请应当包括下列内容"),),
            "info_apply",
        ),
        Paper(
            "complaint",
            "投诉举报信",
            (
                Blank("agency", "收信的单位"),
                Blank("target", "投诉举报的人或者单位"),
                Blank("facts", "发生了什么事", is_long=True),
                Blank("place", "地点"),
                Blank("happened", "时间"),
                Blank("request", "希望怎样处理", is_long=True),
                *_PERSON[:3],
            ),
            (Rule("信访工作条例", "第十九条", "载明其姓名（名称）、住址和请求、事实、理由"),),
            "petition_how",
        ),
    )
}
