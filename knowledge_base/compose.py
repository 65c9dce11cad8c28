"""The words around cards and articles; the citizen reads these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from knowledge_base.models import Article, RuleCard, Status
from knowledge_base.then_and_now import chinese_day

LONGEST_QUOTE = 400


def card_text(
    card: RuleCard, articles: Sequence[Article], warnings: Sequence[str], related: Sequence[RuleCard]
) -> str:
    """A card in plain text, with what it stands on and with the cards that came close."""
    parts = [*warnings, card.answer]
    if card.local_gap:
        parts.append(f"要注意：{card.local_gap}")
    if card.next_steps:
        parts.append("下一步：" + "；".join(step.rstrip("。；") for step in card.next_steps) + "。")
    parts += [f"如果您问的是“{other.title}”：{other.answer}" for other in related]
    return "\n".join([*parts, *_basis(articles)])


def earlier_text(card: RuleCard, day: date, then: Sequence[Article], now: Sequence[Article]) -> str:
    """The law of an earlier day, with today's answer beside it."""
    parts = [f"您问的是{chinese_day(day)}前后的事，当时适用的规定是："]
    parts += [quote(article) for article in then]
    parts.append(f"现在的规定已经变了：{card.answer}")
    if now:
        parts.append("如果到作决定时新规定处罚更轻，适用新规定：")
        parts += [quote(article) for article in now]
    return "\n".join(parts)


def earlier_note(day: date, then: Sequence[Article]) -> str:
    """The law of an earlier day beside a card that tells today's."""
    quoted = " ".join(map(quote, then))
    return f"您问的是{chinese_day(day)}前后的事，当时适用的规定是：{quoted}卡片上写的是现在的规定。"


def unknown_then_text(card: RuleCard, day: date) -> str:
    """The text in force on an earlier day is not at hand."""
    return (
        f"您问的是{chinese_day(day)}前后的事，当时有效的条文我这里没有，不能拿现在的规定来答。现在的规定可以参考“{card.title}”；"
        "当时怎么规定的，可以转给工作人员查。"
    )


def refer_text(articles: Sequence[Article], warnings: Sequence[str]) -> str:
    """No card: what may bear on it, and a person."""
    if not articles:
        lines = ["这个问题我没有找到可靠的依据，不敢乱说。可以转给工作人员，或者打12345问。"]
    else:
        lines = [
            "这个问题我没有现成的答案，不敢乱说。下面的法律条文可能有关，供您参考；要准确的答复，可以转给工作人员。",
            *map(quote, articles),
        ]
    return "\n".join([*warnings, *lines])


def named_text(articles: Iterable[Article], warnings: Sequence[str]) -> str:
    """Articles that the question itself named."""
    lines = []
    for article in articles:
        state = f"{article.status.label}，{chinese_day(article.effective_from)}起施行"
        if article.status is not Status.IN_FORCE and article.effective_to:
            state = f"{article.status.label}，{chinese_day(article.effective_to)}起不再适用"
        lines.append(f"《{article.law}》{article.article}（{state}）：{article.text}")
    return "\n".join([*warnings, *lines])


def missing_text(names: Sequence[str], warnings: Sequence[str]) -> str:
    """The question named an article that does not exist."""
    return "\n".join([*warnings, f"我查不到{'、'.join(names)}，可能条号有误。可以说说是什么事，我再帮您找。"])


def clarify_text(cards: Sequence[RuleCard]) -> str:
    """Which of these is it?"""
    if not cards:
        return "您说的是哪件事？请多说一点，比如在哪里、发生了什么。"
    return "我不太确定您问的是哪件事，是不是下面这些？\n" + "\n".join(
        f"{n}. {card.title}" for n, card in enumerate(cards, start=1)
    )


def quote(article: Article) -> str:
    """An article with its name, and with its status unless it is in force."""
    status = "" if article.status is Status.IN_FORCE else f"（{article.status.label}）"
    return f"《{article.law}》{article.article}{status}：{_short(article.text)}"


def _basis(articles: Sequence[Article]) -> list[str]:
    return ["依据：", *map(quote, articles)] if articles else []


def _short(text: str) -> str:
    text = text.replace("\n", " ")
    return text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "……"
