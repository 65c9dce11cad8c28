"""What a citizen says of a decision against them: which paper it is, its day, the fine, whether it is paid.
Pure, and JSON in the state.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from actions.spoken_dates import spoken_date
from knowledge_base.deadlines import Case
from knowledge_base.numerals import quantities

# The papers whose day starts a period, in the order in which their words decide.
_PAPERS = {
    "reconsidered": re.compile(r"复议(?:决定|结果)|维持了?处罚"),
    "on_the_spot": re.compile(r"当场(?!收)|现场(?:开|罚|处罚)|简易程序"),
    "told": re.compile(r"告知书|告知单|事先告知|拟(?:处罚|罚|作出)|要罚我|听证通知|要求听证|申请听证"),
    "decision": re.compile(r"决定书?|处罚书|罚款单"),
}
PAPERS = tuple(_PAPERS)
_FINE = re.compile(
    r"罚(?:款|了|我|他|的|金额|是)*\s*[:：]?\s*(?P<amount>(?:\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)\s*[万千]?)(?![\d.]|\s*[天日月号年条次])"
)
_UNPAID = re.compile(r"[没未](?:有)?(?:去)?[交缴]|还没|欠着|交不起|不想交")
_PAID = re.compile(r"(?:已经?|都|全部?)?[交缴](?:了|完|清|过)|付了|已(?:经)?[交缴]")
MAX_FINE = Decimal(100_000_000)


@dataclass(slots=True)
class Penalty:
    """A decision as far as it is known.

    Attributes:
        paper: one of `PAPERS`; "" when not known.
        day: when it was received, ISO; "" when not known.
        fine: in yuan, as text; "" when not known.
        is_paid: None when not known.
        fine_asked: the fine was asked for, and may be left out.
    """

    paper: str = ""
    day: str = ""
    fine: str = ""
    is_paid: bool | None = None
    fine_asked: bool = False

    def as_json(self) -> dict[str, Any]:
        """The form that stands in the conversation's state."""
        return asdict(self)

    @property
    def received_on(self) -> date:
        """The day. Raises: ValueError, when it isn't known."""
        return date.fromisoformat(self.day)

    def take(self, text: str, today: date) -> None:
        """Add what a text says; what is known already stays unless the text says it anew.

        Raises: NoSuchDate, DateInFuture; all else is taken all the same.
        """
        self.paper = next((paper for paper, words in _PAPERS.items() if words.search(text)), self.paper)
        self.fine = fine_in(text) or self.fine
        if _UNPAID.search(text):
            self.is_paid = False
        elif _PAID.search(text):
            self.is_paid = True
        if found := spoken_date(text, today):
            self.day = found.day.isoformat()

    def as_case(self) -> Case:
        """What the calculation wants. Only for a paper and a day that are known."""
        day = self.received_on
        fine = Decimal(self.fine) if self.fine else None
        if self.paper == "told":
            return Case(hearing_told_on=day)
        if self.paper == "reconsidered":
            return Case(reconsidered_on=day)
        return Case(decided_on=day, on_the_spot=self.paper == "on_the_spot", fine=fine)


def fine_in(text: str) -> str:
    """The amount of a fine in yuan that a text names, as text; "" if there is none that can be one."""
    amounts = [q.value for q in quantities(text) if q.unit == "元"]
    if not amounts and (match := _FINE.search(text)):
        amounts = [q.value for q in quantities(f"{match['amount']}元") if q.unit == "元"]
    if not amounts:
        return ""
    amount = Decimal(amounts[0].numerator) / Decimal(amounts[0].denominator)
    return f"{amount:f}" if 0 < amount <= MAX_FINE else ""


def amount_alone(text: str) -> str:
    """The amount in an answer to "how much?", where a bare number is one; "" if there is none."""
    if found := fine_in(text):
        return found
    try:
        amount = Decimal(text.strip().replace(",", ""))
    except InvalidOperation:
        return ""
    return f"{amount:f}" if amount.is_finite() and 0 < amount <= MAX_FINE else ""
