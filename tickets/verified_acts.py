"""Reviewed answers and applications of units: are their rows what the history says was done?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.models import AnswerDraft, Application, DraftState, Entry, EntryKind

_APPLIED = (EntryKind.HAND_BACK, EntryKind.EXTENSION)


async def wrong_acts(
    session: AsyncSession, histories: Mapping[int, Sequence[Entry]]
) -> list[tuple[int, str]]:
    """Ids of tickets of which a row differs, each with "answer_differs" or "application_differs".

    Args:
        histories: whole ones, by ticket.
    """
    answers: defaultdict[int, dict[int, AnswerDraft]] = defaultdict(dict)
    for draft in await session.scalars(select(AnswerDraft).where(AnswerDraft.ticket_id.in_(histories))):
        answers[draft.ticket_id][draft.id] = draft
    applications: defaultdict[int, dict[int, Application]] = defaultdict(dict)
    for row in await session.scalars(select(Application).where(Application.ticket_id.in_(histories))):
        applications[row.ticket_id][row.id] = row
    wrong = []
    for ticket_id, entries in histories.items():
        if not _are_answers_right(entries, answers[ticket_id]):
            wrong.append((ticket_id, "answer_differs"))
        if not _are_applications_right(entries, applications[ticket_id]):
            wrong.append((ticket_id, "application_differs"))
    return wrong


def _are_answers_right(entries: Sequence[Entry], drafts: Mapping[int, AnswerDraft]) -> bool:
    acts = _by_id((entry for entry in entries if entry.kind is EntryKind.REVIEW), "draft")
    # An erasure empties the entries that name a draft.
    is_complete = not any(entry.kind is EntryKind.REVIEW and entry.erased_at for entry in entries)
    if not acts.keys() <= drafts.keys() or (is_complete and acts.keys() != drafts.keys()):
        return False
    return all(_is_answer_right(drafts[draft_id], done) for draft_id, done in acts.items())


def _is_answer_right(draft: AnswerDraft, done: Sequence[Entry]) -> bool:
    first, last = done[0], done[-1]
    written = (draft.text, str(draft.author_id), draft.submitted_at)
    if first.data["act"] == "submitted" and written != (first.text, first.actor_id, first.at):
        return False
    if last.data["act"] == "submitted":
        return draft.state is DraftState.PENDING
    if (draft.state.value, draft.reviewed_at) != (last.data["act"], last.at):
        return False
    is_withdrawn = draft.state is DraftState.WITHDRAWN
    return is_withdrawn or (str(draft.reviewer_id), draft.note) == (last.actor_id, last.text)


def _are_applications_right(entries: Sequence[Entry], rows: Mapping[int, Application]) -> bool:
    made = [entry for entry in entries if entry.kind in _APPLIED and entry.to_status is None]
    acts = _by_id(
        (entry for entry in entries if entry.kind in (*_APPLIED, EntryKind.RULING)), "application_id"
    )
    # Entries have named their application only since verification looks at it.
    is_complete = all("application_id" in entry.data for entry in made)
    if not acts.keys() <= rows.keys() or (is_complete and acts.keys() != rows.keys()):
        return False
    return all(_is_application_right(rows[row_id], done) for row_id, done in acts.items())


def _is_application_right(row: Application, done: Sequence[Entry]) -> bool:
    first, last = done[0], done[-1]
    applied = (row.reason, row.applied_by, row.created_at, row.kind.value)
    if first.kind in _APPLIED and applied != (first.text, first.actor_id, first.at, first.kind.value):
        return False
    if last.kind is not EntryKind.RULING:
        return row.ruled_at is None
    ruled = (row.is_approved, row.ruled_by, row.ruled_at)
    return ruled == (last.data["is_approved"], last.actor_id, last.at)


def _by_id(entries: Iterator[Entry], name: str) -> dict[int, list[Entry]]:
    found: dict[int, list[Entry]] = {}
    for entry in entries:
        if name in entry.data:
            found.setdefault(entry.data[name], []).append(entry)
    return found
