"""What the report flow asks, reads back and promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.base import CHINA, Button, Reply
from actions.tickets_told import filed_params
from tickets.categories import CATEGORIES
from tickets.places import IN_THE_SEA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from actions.draft import Draft
    from tickets.routing import Routing
    from tickets.same_matter import Similar
    from tickets.service import FiledTicket

CANCEL = Button("button_cancel", "report:cancel")


def ask(draft: Draft) -> Reply:
    """The question for what the draft misses, or the read-back."""
    return _QUESTIONS[draft.missing](draft)


def _ask_what(draft: Draft) -> Reply:
    return Reply("report_what", buttons=(CANCEL,))


def _ask_place(draft: Draft) -> Reply:
    if draft.photo_place:
        there = Button("button_photo_place", "report:photo-place")
        return Reply("report_place_photo", kind="location_request", buttons=(there, CANCEL))
    return Reply("report_place", kind="location_request", buttons=(CANCEL,))


def _ask_outside(draft: Draft) -> Reply:
    buttons = (
        Button("button_stay", "report:stay"),
        Button("button_edit_place", "report:edit:place"),
        CANCEL,
    )
    if draft.outside == IN_THE_SEA:
        return Reply("report_in_the_sea", buttons=buttons)
    return Reply("report_outside", {"outside": draft.outside}, buttons)


def _ask_photos(draft: Draft) -> Reply:
    return Reply("report_photos", buttons=(Button("button_skip", "report:skip:photos"), CANCEL))


def _ask_contact(draft: Draft) -> Reply:
    buttons = (
        Button("button_anonymous", "report:contact:anonymous"),
        Button("button_leave_contact", "report:contact:leave"),
        CANCEL,
    )
    return Reply("report_contact", buttons=buttons)


def opening(draft: Draft) -> Reply:
    """Tell the citizen what was taken from the story, the guessed category among it."""
    if draft.category is None:
        return Reply("report_opening")
    return Reply("report_opening_category", {"category": CATEGORIES[draft.category].name})


def all_categories() -> Reply:
    """Every category as a button."""
    buttons = tuple(_category_button(code) for code in CATEGORIES)
    return Reply("report_category_all", buttons=(*buttons, CANCEL))


def what_to_change() -> Reply:
    """The parts of the report as buttons."""
    parts = ("what", "category", "place", "photos", "contact")
    buttons = tuple(Button(f"button_edit_{part}", f"report:edit:{part}") for part in parts)
    return Reply(
        "report_what_to_change", buttons=(*buttons, Button("button_continue", "report:resume"), CANCEL)
    )


def similar(draft: Draft, found: Sequence[Similar], routing: Routing) -> Reply:
    """Other citizens' open tickets of what seems to be the same matter: where and when, never their words."""
    listed = [
        {
            "ticket_no": ticket.ticket_no,
            "category": CATEGORIES[ticket.category].name,
            "town": town.name if (town := routing.town(ticket.town)) else "",
            "status": ticket.status.label,
            "on": ticket.created_at.astimezone(CHINA).date(),
        }
        for ticket in found
    ]
    follow = tuple(
        Button("button_follow", f"status:follow:{ticket.ticket_no}", {"ticket_no": ticket.ticket_no})
        for ticket in found
    )
    return Reply(
        "report_similar",
        {"found": listed},
        (*follow, Button("button_submit_anyway", f"report:submit:{draft.id}"), CANCEL),
    )


def filed(draft: Draft, ticket: FiledTicket) -> Reply:
    """The receipt: number, department, promised date, receipt code; and the rule that fits, on demand."""
    buttons = [Button("button_ticket_status", f"status:show:{ticket.ticket_no}")]
    if draft.card:
        buttons.append(Button("button_rule", f"consult:card:{draft.card}"))
    return Reply("report_filed", filed_params(ticket), tuple(buttons))


def _ask_town(draft: Draft) -> Reply:
    unknown = Button("button_town_unknown", "report:town:")
    if len(draft.town_choices) == 1:
        ((code, name),) = draft.town_choices.items()
        return Reply(
            "report_town", {"town": name}, (Button("button_yes", f"report:town:{code}"), unknown, CANCEL)
        )
    towns = (
        Button("button_town", f"report:town:{code}", {"town": name})
        for code, name in draft.town_choices.items()
    )
    return Reply("report_town_which", buttons=(*towns, Button("button_town_other", "report:town:"), CANCEL))


def _ask_category(draft: Draft) -> Reply:
    if not draft.guesses:
        return all_categories()
    guesses = tuple(_category_button(code) for code in draft.guesses)
    return Reply(
        "report_category", buttons=(*guesses, Button("button_other_category", "report:categories"), CANCEL)
    )


def _category_button(code: str) -> Button:
    return Button("button_category", f"report:category:{code}", {"category": CATEGORIES[code].name})


def _read_back(draft: Draft) -> Reply:
    params = {
        "category": CATEGORIES[draft.category or "other"].name,
        "what": draft.what,
        "place": draft.place,
        "has_location": draft.location is not None,
        "town": draft.town_choices.get(draft.town or "", ""),
        "happened": draft.happened,
        "photos": len(draft.photos),
        "recordings": len(draft.recordings),
        "contact": draft.contact,
        "reporter_mode": draft.reporter_mode,
    }
    buttons = (
        Button("button_submit", f"report:submit:{draft.id}"),
        Button("button_change", "report:edit"),
        CANCEL,
    )
    return Reply("report_read_back", params, buttons)


_QUESTIONS: dict[str, Callable[[Draft], Reply]] = {
    "what": _ask_what,
    "category": _ask_category,
    "place": _ask_place,
    "outside": _ask_outside,
    "town": _ask_town,
    "photos": _ask_photos,
    "contact": _ask_contact,
    "confirm": _read_back,
}
