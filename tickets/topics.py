"""What citizens ask to be told of beyond their own tickets. Nobody is sent anything without asking for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from sqlalchemy import select, update

from tickets.campaign_models import Campaign, CampaignMessage, TopicSubscription
from tickets.casework import Casework
from tickets.categories import DATA_FOLDER, read_yaml
from tickets.conversations import insert_for
from tickets.leases import waiting
from tickets.models import OutboxItem

FILE = "topics.yml"


@dataclass(frozen=True, slots=True)
class Topic:
    """Something to subscribe to; `words` are how citizens name it."""

    code: str
    name: str
    words: tuple[str, ...]


@cache
def load_topics(folder: Path = DATA_FOLDER) -> tuple[Topic, ...]:
    """The topics of a city, in the order of the file; without one there are none."""
    if not (folder / FILE).is_file():
        return ()
    return tuple(Topic(row["code"], row["name"], tuple(row["words"])) for row in read_yaml(folder / FILE))


def topic_of(code: str) -> Topic | None:
    """The topic of that code, or None."""
    return next((topic for topic in load_topics() if topic.code == code), None)


class Topics(Casework):
    """Subscriptions of citizens."""

    async def subscribe(self, conversation_id: int, code: str) -> None:
        """From now on; asking twice changes nothing."""
        values = {"conversation_id": conversation_id, "topic": code, "created_at": self.now}
        again = {"created_at": self.now, "ended_at": None, "ended_by_id": None}
        await self.session.execute(
            insert_for(self.session, TopicSubscription)
            .values(**values)
            .on_conflict_do_update(
                index_elements=["conversation_id", "topic"],
                set_=again,
                where=TopicSubscription.ended_at.is_not(None),
            )
        )

    async def subscribed(self, conversation_id: int) -> list[str]:
        """Codes of the topics that the conversation is subscribed to, oldest first."""
        found = await self.session.scalars(
            select(TopicSubscription.topic)
            .where(TopicSubscription.conversation_id == conversation_id, TopicSubscription.ended_at.is_(None))
            .order_by(TopicSubscription.id)
        )
        return list(found)

    async def unsubscribe(
        self, conversation_id: int, code: str | None = None, campaign_id: int | None = None
    ) -> list[str]:
        """End one topic, or all. What still waits to be sent of it is not sent. Returns the codes.

        Args:
            campaign_id: under which the button was pressed; one that doesn't exist counts as none.
        """
        chosen = TopicSubscription.ended_at.is_(None) & (TopicSubscription.conversation_id == conversation_id)
        if code is not None:
            chosen &= TopicSubscription.topic == code
        if campaign_id is not None and await self.session.get(Campaign, campaign_id) is None:
            campaign_id = None
        ended = await self.session.scalars(
            update(TopicSubscription)
            .where(chosen)
            .values(ended_at=self.now, ended_by_id=campaign_id)
            .returning(TopicSubscription.topic)
        )
        codes = list(ended.all())
        await _take_back(self, conversation_id, codes, self.now)
        return codes


async def _take_back(topics: Topics, conversation_id: int, codes: list[str], now: datetime) -> None:
    """Give up what waits in the outbox, but for what a channel is delivering at this moment."""
    sent = (
        select(CampaignMessage.message_id)
        .join(Campaign, Campaign.id == CampaignMessage.campaign_id)
        .where(CampaignMessage.conversation_id == conversation_id, Campaign.topic.in_(codes))
    )
    await topics.session.execute(
        update(OutboxItem)
        .where(
            OutboxItem.message_id.in_(sent),
            *waiting(OutboxItem),
            OutboxItem.leased_until.is_(None) | (OutboxItem.leased_until <= now),
        )
        .values(failed_at=now, error="unsubscribed")
        .execution_options(synchronize_session=False)
    )
