"""订阅和退订: what a citizen asks to be told of, and how they get rid of it at any time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from actions.base import Button, Reply
from tickets.topics import load_topics, topic_of

if TYPE_CHECKING:
    from actions.base import Turn
    from tickets.topics import Topic

# Whole messages only: "邻居订阅的报纸堆在楼道" is a complaint.
_IN = re.compile(r"(?:我要|我想|帮我)?订阅(?P<what>.{0,10}?)[吧。!！~\s]*")
_OUT = re.compile(
    r"(?:我要|我想|帮我)?(?:退订|取消订阅|不再订阅|td|t)(?P<what>.{0,10}?)[吧了。!！~\s]*",
    re.IGNORECASE,
)


def wants_out(turn: Turn) -> bool:
    """The citizen wants no more of it, by word or button: this goes before everything but an emergency."""
    if turn.message.payload:
        return turn.message.payload.startswith("topics:out")
    if turn.message.text.strip().lower().startswith("/unsubscribe"):
        return True
    found = _OUT.fullmatch(turn.text.strip())
    return found is not None and (not found["what"] or _named(found["what"]) is not None)


def wants_in(turn: Turn) -> bool:
    """The citizen asks to be told of something that there is."""
    found = _IN.fullmatch(turn.text.strip())
    return found is not None and (not found["what"] or _named(found["what"]) is not None)


async def start(turn: Turn) -> list[Reply]:
    """Subscribe to what the message names, or ask which."""
    found = _IN.fullmatch(turn.text.strip())
    topic = _named(found["what"] if found else turn.text)
    topics = load_topics()
    if topic is None and len(topics) == 1:
        topic = topics[0]
    return [await _subscribe(turn, topic)] if topic else [_choose()]


async def leave(turn: Turn) -> list[Reply]:
    """Unsubscribe from what the message or button names, or from everything."""
    code, campaign_id = None, None
    if turn.message.payload:
        _, _, rest = turn.message.payload.partition("topics:out")
        code, campaign_id = _of_button(rest)
    elif (found := _OUT.fullmatch(turn.text.strip())) and (topic := _named(found["what"])):
        code = topic.code
    ended = await turn.topics.unsubscribe(turn.conversation_id, code, campaign_id)
    if not ended:
        return [Reply("topics_none")]
    names = "、".join(topic.name for each in ended if (topic := topic_of(each)))
    again = tuple(
        Button("button_topic_in", f"topics:in:{each}", {"name": topic.name})
        for each in ended
        if (topic := topic_of(each))
    )
    return [Reply("topics_out", {"names": names}, again)]


async def on_button(turn: Turn, rest: str) -> list[Reply]:
    """`in:CODE` subscribes; `out...` never comes here, because it goes before everything."""
    verb, _, code = rest.partition(":")
    topic = topic_of(code)
    return [await _subscribe(turn, topic)] if verb == "in" and topic else [_choose()]


async def _subscribe(turn: Turn, topic: Topic) -> Reply:
    await turn.topics.subscribe(turn.conversation_id, topic.code)
    button = Button("button_topic_out", f"topics:out:{topic.code}", {"name": topic.name})
    return Reply("topics_in", {"name": topic.name}, (button,))


def _choose() -> Reply:
    topics = load_topics()
    if not topics:
        return Reply("topics_nothing")
    buttons = (Button("button_topic_in", f"topics:in:{one.code}", {"name": one.name}) for one in topics)
    return Reply("topics_choose", buttons=tuple(buttons))


def _named(what: str) -> Topic | None:
    """The topic that somebody's words name."""
    said = what.strip("“”\"'的 ")
    for topic in load_topics():
        if said and any(said in word or word in said for word in (topic.name, *topic.words)):
            return topic
    return None


def _of_button(rest: str) -> tuple[str | None, int | None]:
    """ ":law:12" -> the topic and the campaign under which the button stood."""
    code, _, number = rest.removeprefix(":").partition(":")
    is_number = number.isascii() and number.isdigit() and len(number) < 10
    return (code if topic_of(code) else None), (int(number) if is_number else None)
