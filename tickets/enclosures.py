"""What an officer sends along with words: photos and files, checked by what they are and not by their names.

A photo is re-encoded like a citizen's. A file is a PDF, or a Word or Excel document without macros; it is
kept sealed for each conversation that gets it, as long as the conversation is kept.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tickets.errors import FileRejected, NobodyToSendTo
from tickets.files import MAX_FILE_BYTES, keep_file
from tickets.models import Sender

if TYPE_CHECKING:
    from tickets.casework import Casework
    from tickets.models import Ticket

MAX_FILES = 3
_MAX_UNPACKED_BYTES = 64 * 1024 * 1024
_MAX_MEMBERS = 2000
_PDF = "application/pdf"
_OFFICE = {
    "word/document.xml": (
        ".docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    "xl/workbook.xml": (".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
# What makes a PDF act by itself.
_ACTIVE_PDF = (b"/JavaScript", b"/JS ", b"/JS(", b"/Launch", b"/EmbeddedFile")


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that was checked. `name` ends as its content asks."""

    name: str
    media_type: str
    content: bytes = field(repr=False)

    def described(self) -> dict[str, Any]:
        """What a message says of it."""
        return {
            "name": self.name,
            "media_type": self.media_type,
            "size": len(self.content),
            "sha256": hashlib.sha256(self.content).hexdigest(),
        }


@dataclass(frozen=True, slots=True)
class Enclosures:
    """What goes along.

    Attributes:
        photos: SHA-256 of photos in the photo store.
    """

    photos: tuple[str, ...] = ()
    files: tuple[SentFile, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.photos or self.files)

    def as_data(self) -> dict[str, Any]:
        """For the history: the hashes say what was sent."""
        data: dict[str, Any] = {"photos": list(self.photos)} if self.photos else {}
        if self.files:
            data["files"] = [file.described() for file in self.files]
        return data


NOTHING = Enclosures()


def is_document(content: bytes) -> bool:
    """Whether the bytes look like a file of ours rather than a photo."""
    return content.startswith((b"%PDF-", b"PK\x03\x04"))


def checked_file(name: str, content: bytes) -> SentFile:
    """A file as it may go to a citizen.

    Args:
        name: as the officer's machine calls it; only its stem is kept.

    Raises: FileRejected.
    """
    if len(content) > MAX_FILE_BYTES:
        raise FileRejected("too_large")
    if content.startswith(b"%PDF-"):
        _check_pdf(content)
        return SentFile(_named(name, ".pdf"), _PDF, content)
    ending, media_type = _office_kind(content)
    return SentFile(_named(name, ending), media_type, content)


def _check_pdf(content: bytes) -> None:
    if b"%%EOF" not in content[-2048:]:
        raise FileRejected("damaged")
    if any(mark in content for mark in _ACTIVE_PDF):
        raise FileRejected("active")


def _office_kind(content: bytes) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            members = packed.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise FileRejected("not_a_document") from error
    names = {member.filename for member in members}
    if len(members) > _MAX_MEMBERS or sum(member.file_size for member in members) > _MAX_UNPACKED_BYTES:
        raise FileRejected("too_large")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise FileRejected("active")
    for part, kind in _OFFICE.items():
        if part in names and "[Content_Types].xml" in names:
            return kind
    raise FileRejected("not_a_document")


def _named(name: str, ending: str) -> str:
    base = name.replace("\\", "/").rpartition("/")[2]
    stem = base.rpartition(".")[0] or base
    kept = "".join(
        character for character in stem if character.isprintable() and character not in '/\\:*?"<>|'
    )
    return (kept.strip(" .")[:80] or "附件") + ending


async def send_to_citizen(work: Casework, ticket: Ticket, enclosed: Enclosures) -> None:
    """Put photos and files into the outbox for those who reported, each as a message of its own.

    Raises: NobodyToSendTo, if the ticket came without a conversation.
    """
    if not enclosed:
        return
    audience = await work.reporters(ticket)
    if not audience:
        raise NobodyToSendTo(ticket.ticket_no)
    for number, sha256 in enumerate(enclosed.photos, 1):
        params = {"number": number, "count": len(enclosed.photos), "photo": sha256}
        await work.tell(ticket, "notice_reply_photo", params, sender=Sender.OFFICER, with_followers=False)
    for file in enclosed.files:
        for conversation_id in audience:
            await keep_sent(work, conversation_id, file)
        params = {"file": file.described()}
        await work.tell(ticket, "notice_reply_file", params, sender=Sender.OFFICER, with_followers=False)


async def keep_sent(work: Casework, conversation_id: int, file: SentFile) -> None:
    """Keep a file for a conversation until that is erased."""
    if work.vault is None:
        raise ValueError("files are only kept sealed")
    await keep_file(
        work.session,
        work.vault,
        conversation_id,
        name=file.name,
        media_type=file.media_type,
        content=file.content,
        now=work.now,
        by_officer=True,
    )
