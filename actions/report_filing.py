"""The end of a report: the ticket, once, after a look whether the same matter is known already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions import questions
from actions.base import Reply
from actions.report_steps import STALE, ask_next, draft_of, keep

if TYPE_CHECKING:
    from actions.base import Turn
    from actions.draft import Draft

MAX_REMEMBERED_TICKETS = 20


async def submit(turn: Turn, draft_id: str) -> list[Reply]:
    """File the ticket; a second press of the same button shows the first one's number."""
    filed_before = turn.state.get("filed", {})
    if draft_id in filed_before:
        return [Reply("report_already_filed", {"ticket_no": filed_before[draft_id]})]
    flow = turn.state.get("flow") or {}
    if flow.get("name") != "report" or flow["draft"]["id"] != draft_id:
        return [STALE]
    draft = draft_of(turn)
    if draft.missing != "confirm":
        return ask_next(turn)
    if similar := await _similar(turn, draft):
        return similar
    filed = await turn.tickets.file(draft.as_ticket(turn.conversation_id))
    remembered = [*filed_before.items(), (draft.id, filed.ticket_no)][-MAX_REMEMBERED_TICKETS:]
    turn.state["filed"] = dict(remembered)
    turn.state.pop("flow")
    return [questions.filed(draft, filed)]


async def _similar(turn: Turn, draft: Draft) -> list[Reply]:
    """Open tickets that may be of the same matter, shown once before filing; nothing if there are none."""
    if draft.similar_shown:
        return []
    found = await turn.duplicates.similar(draft.as_ticket(turn.conversation_id))
    draft.similar_shown = True
    keep(turn, draft)
    if not found:
        return []
    turn.state["offered"] = [ticket.ticket_no for ticket in found]
    return [questions.similar(draft, found, turn.tickets.routing)]
