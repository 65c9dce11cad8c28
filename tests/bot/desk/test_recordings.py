"""Voice messages at the desk: heard by whoever may see the ticket."""

from __future__ import annotations

from datetime import timedelta

from bot.services import Services
from tests.bot.desk.browsing import Browser, add_officer
from tests.factories import NOW, make_conversation, make_ticket
from tickets.conversations import receive
from tickets.recordings import keep_recording


async def test_a_voice_message_is_heard_by_officers_who_may_see_the_ticket(
    signed_in: Browser, second_browser: Browser, parts: Services
) -> None:
    sound = b"OggS" + bytes(50)
    async with parts.database.transaction() as session:
        conversation = await make_conversation(session, now=NOW)
        sha256 = await keep_recording(session, parts.vault, conversation.id, sound, NOW)
        said = {"text": "", "recording": sha256}
        await receive(session, conversation, "1", said, NOW - timedelta(minutes=1))
        filed = await make_ticket(session, conversation_id=conversation.id, recordings=(sha256,))
    await add_officer(parts, "he", department="squad_yuping")
    await second_browser.sign_in("he")
    path = f"/tickets/{filed.ticket_no}/recordings/{sha256}"

    page = await signed_in.get(f"/tickets/{filed.ticket_no}")
    heard = await signed_in.client.get(f"/desk{path}")

    # With the matter, and where it was said.
    assert page.text.count(f'src="/desk{path}"') == 2
    assert (heard.status, heard.content_type, await heard.read()) == (200, "audio/ogg", sound)
    assert (await second_browser.get(path)).status == 403
    assert (await signed_in.get(f"/tickets/{filed.ticket_no}/recordings/{'0' * 64}")).status == 404
