"""Everything that casework refuses, as exceptions.

    BotError
    ├── TicketNotFound
    ├── ConversationNotFound
    ├── OfficerNotFound
    ├── TransitionNotAllowed
    ├── ActorNotAllowed
    │   ├── HandBackNeeded
    │   ├── MergesItself
    │   └── WalledOff
    ├── NoteRequired
    ├── TooSoon
    ├── AlreadyRuled
    ├── TicketMerged
    ├── AfterPhotoRequired
    ├── AlreadyTalking
    ├── NotTalking
    ├── TooManyViews
    ├── GapNotFound
    ├── CardInWork
    ├── TooManyPhotos
    ├── StaleVersion
    ├── ReviewRequired
    ├── OwnDraft
    ├── DraftNotOpen
    ├── NotAnAdviser
    ├── AwayThen
    ├── WrongPeriod
    ├── NothingToCheck
    ├── CheckNotOpen
    ├── MarksMissing
    ├── NoReviewer
    ├── TooEarly
    ├── PhotoRejected
    ├── FileRejected
    ├── NobodyToSendTo
    ├── RecordingRejected
    ├── CalendarYearMissing
    ├── RoutingError
    ├── ContactSealed
    ├── ApiKeyUnknown
    ├── QuotaExhausted
    ├── WebhookRefused
    ├── CampaignRefused
    └── DatabaseBusy

`code` goes into logs and JSON; `reply_key` names the Chinese text in `bot/texts`. The message is for
developers only.
"""

from __future__ import annotations

from datetime import datetime


class BotError(Exception):
    """An expected refusal.

    Attributes:
        code: stable word for logs and JSON.
        reply_key: key of the text that the person reads.
    """

    code = "error"
    reply_key = "error_unexpected"


class TicketNotFound(BotError):
    """No such ticket, or it isn't theirs: the two must not be told apart from outside."""

    code = "ticket_not_found"
    reply_key = "error_ticket_not_found"


class ConversationNotFound(BotError):
    """A message was to be posted into a conversation that doesn't exist."""

    code = "conversation_not_found"
    reply_key = "error_unexpected"


class OfficerNotFound(BotError):
    """No active officer of that id, or not one of the department that shall have the ticket."""

    code = "officer_not_found"
    reply_key = "error_officer_not_found"


class TransitionNotAllowed(BotError):
    """The table of moves doesn't have this one."""

    code = "transition_not_allowed"
    reply_key = "error_transition_not_allowed"

    def __init__(self, old: str, new: str) -> None:
        super().__init__(f"{old} -> {new}")
        self.old = old
        self.new = new


class ActorNotAllowed(BotError):
    """The move exists, but not for this actor."""

    code = "actor_not_allowed"
    reply_key = "error_actor_not_allowed"


class HandBackNeeded(ActorNotAllowed):
    """A unit doesn't give its tickets to another one; it applies for a hand-back."""

    code = "hand_back_needed"


class MergesItself(ActorNotAllowed):
    """A ticket can't rest in itself."""

    code = "merges_itself"


class WalledOff(ActorNotAllowed):
    """A complaint about an officer stays apart from all other tickets, and only certain units hold it."""

    code = "walled_off"


class NoteRequired(BotError):
    """The move needs a note that says why, and there is none."""

    code = "note_required"
    reply_key = "error_note_required"


class TooSoon(BotError):
    """The citizen urged a short while ago.

    Attributes:
        again_at: when they may again (aware UTC).
    """

    code = "too_soon"
    reply_key = "error_too_soon"

    def __init__(self, again_at: datetime) -> None:
        super().__init__(again_at.isoformat())
        self.again_at = again_at


class AlreadyRuled(BotError):
    """There is no open application of that id, or one of that kind is open already."""

    code = "already_ruled"
    reply_key = "error_already_ruled"


class TicketMerged(BotError):
    """Work on this matter is done on another ticket.

    Attributes:
        into: that one's number.
    """

    code = "ticket_merged"
    reply_key = "error_ticket_merged"

    def __init__(self, into: str) -> None:
        super().__init__(into)
        self.into = into


class AfterPhotoRequired(BotError):
    """A street matter is resolved only with a photo of the place afterwards."""

    code = "after_photo_required"
    reply_key = "error_after_photo_required"


class TooManyPhotos(BotError):
    """A ticket holds nine photos of the place afterwards."""

    code = "too_many_photos"
    reply_key = "error_unexpected"


class StaleVersion(BotError):
    """Somebody changed the ticket since the caller last read it."""

    code = "stale_version"
    reply_key = "error_stale_version"

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(f"expected version {expected}, found {found}")
        self.expected = expected
        self.found = found


class ReviewRequired(BotError):
    """The answer goes out only after a legal review (法制审核).

    Attributes:
        reasons: codes of the rules that ask for it.
    """

    code = "review_required"
    reply_key = "error_review_required"

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = reasons


class OwnDraft(BotError):
    """Nobody reviews what they wrote themselves."""

    code = "own_draft"
    reply_key = "error_actor_not_allowed"


class DraftNotOpen(BotError):
    """No answer of that id waits for a review, or one waits for this ticket already."""

    code = "draft_not_open"
    reply_key = "error_already_ruled"


class NotAnAdviser(BotError):
    """The officer can't be on the rota: closed account or another role."""

    code = "not_an_adviser"
    reply_key = "error_officer_not_found"


class AwayThen(BotError):
    """Who is to take over is on leave on the first of the days."""

    code = "away_then"
    reply_key = "error_unexpected"


class WrongPeriod(BotError):
    """The last day lies before the first, the days are over, or there are too many of them."""

    code = "wrong_period"
    reply_key = "error_unexpected"


class NothingToCheck(BotError):
    """Fewer tickets were closed than shall be drawn, or nobody can review them."""

    code = "nothing_to_check"
    reply_key = "error_unexpected"


class CheckNotOpen(BotError):
    """There is no such check or round, or this was done already."""

    code = "check_not_open"
    reply_key = "error_already_ruled"


class MarksMissing(BotError):
    """A mark is missing or above its highest."""

    code = "marks_missing"
    reply_key = "error_unexpected"


class NoReviewer(BotError):
    """Everybody who could review a drawn ticket has something to do with it."""

    code = "no_reviewer"
    reply_key = "error_unexpected"


class TooEarly(BotError):
    """The seed must become known after the list was announced: not on the same day."""

    code = "too_early"
    reply_key = "error_too_soon"


class PhotoRejected(BotError):
    """A file that can't be kept as a photo.

    Attributes:
        reason: "too_large", "not_an_image", "heic", "damaged" or "too_many_pixels"; `reply_key` ends in it.
    """

    code = "photo_rejected"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reply_key = f"photo_{reason}"


class FileRejected(BotError):
    """A file that an officer may not send to a citizen.

    Attributes:
        reason: "too_large", "not_a_document", "damaged" or "active"; `reply_key` ends in it.
    """

    code = "file_rejected"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reply_key = f"file_{reason}"


class NobodyToSendTo(BotError):
    """The ticket came without a conversation: there is nobody who could get a photo or a file."""

    code = "nobody_to_send_to"


class RecordingRejected(BotError):
    """A voice message that can't be kept.

    Attributes:
        reason: "too_large" or "not_audio"; `reply_key` ends in it.
    """

    code = "recording_rejected"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reply_key = f"voice_{reason}"


class CalendarYearMissing(BotError):
    """A deadline runs into a year whose public holidays aren't known yet; guessing would promise a
    wrong day.
    """

    code = "calendar_year_missing"
    reply_key = "error_unexpected"

    def __init__(self, year: int) -> None:
        super().__init__(f"no holiday data for {year}")
        self.year = year


class RoutingError(BotError):
    """The routing data has a gap or names something that doesn't exist."""

    code = "routing_error"
    reply_key = "error_unexpected"


class ContactSealed(BotError):
    """Contact data can't be opened: unknown key, wrong ticket, or changed bytes."""

    code = "contact_sealed"
    reply_key = "error_unexpected"


class DatabaseBusy(BotError):
    """Other writers kept the SQLite file for too long."""

    code = "database_busy"
    reply_key = "error_unexpected"


class AlreadyTalking(BotError):
    """A colleague talks with this citizen."""

    code = "already_talking"


class NotTalking(BotError):
    """The officer doesn't talk with this citizen, or no more."""

    code = "not_talking"


class ApiKeyUnknown(BotError):
    """No such api key, or it was revoked."""

    code = "api_key_unknown"
    reply_key = "error_unexpected"


class QuotaExhausted(BotError):
    """An api key has filed as many tickets today as it may.

    Attributes:
        again_at: when it may again (aware UTC).
    """

    code = "quota_exhausted"
    reply_key = "error_too_soon"

    def __init__(self, again_at: datetime) -> None:
        super().__init__(again_at.isoformat())
        self.again_at = again_at


class TooManyViews(BotError):
    """An officer has as many saved views as one can look over."""

    code = "too_many_views"


class WebhookRefused(BotError):
    """A subscription, or a message of another system, that can't be.

    Attributes:
        reason: "name", "name_taken", "event", "too_many", "unknown", "url" or "id_used".
    """

    code = "webhook_refused"
    reply_key = "error_unexpected"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = f"webhook_{reason}"


class GapNotFound(BotError):
    """There is no group, or no card draft, of that number."""

    code = "gap_not_found"


class CardInWork(BotError):
    """Somebody is writing that card already."""

    code = "card_in_work"


class CampaignRefused(BotError):
    """A campaign that can't be written, approved or sent like this.

    Attributes:
        reason: "topic", "title", "text", "time", "state", "own", "changed" or "unknown".
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = f"campaign_{reason}"
