"""What rests on an article besides the cards: past answers, templates of the desk, papers and periods."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from bot.desk.reply_templates import templates
from knowledge_base.citations import CitationFinder
from knowledge_base.deadlines import OTHER_RULES, RULES
from knowledge_base.models import Citation, Status
from knowledge_base.papers.catalogue import PAPERS
from knowledge_base.papers.lists import paper_lists
from knowledge_base.statutes.text import dates_in
from tickets.database import Database
from tickets.models import OwnTemplate
from tickets.past_answers import past_citations

if TYPE_CHECKING:
    from knowledge_base.statutes.library import StatuteLibrary

# What carries no day was not looked at since any change.
_NEVER = date.min
Cited = tuple[str, Citation]


def cited_elsewhere(database_url: str, library: StatuteLibrary) -> list[Cited]:
    """Everything with a name that cites an article; without a database (a new installation) what is built
    in.
    """
    finder = CitationFinder(library)
    in_file = _in_texts(((one.title, one.text) for one in templates()), finder)
    return [*_built_in(), *in_file, *asyncio.run(_kept(database_url, finder))]


def _built_in() -> list[Cited]:
    periods = [("期限计算", rule) for rule in (*RULES.values(), *OTHER_RULES)]
    papers = [(f"文书“{paper.title}”", rule) for paper in PAPERS.values() for rule in paper.rests_on]
    lists = [(f"材料清单“{one.title}”", item.rule) for one in paper_lists().values() for item in one.items]
    named = dict.fromkeys((name, rule.law, rule.article) for name, rule in (*periods, *papers, *lists))
    return [(name, _citation(law, article, _NEVER)) for name, law, article in named]


async def _kept(database_url: str, finder: CitationFinder) -> list[Cited]:
    database = Database(database_url)
    found: list[Cited] = []
    try:
        async with database.reading() as session:
            rows = (await session.execute(select(OwnTemplate.title, OwnTemplate.text))).all()
            found += _in_texts(((title, text) for title, text in rows), finder)
            async for past in past_citations(session):
                since = next(iter(dates_in(past.effective_from)), _NEVER)
                found.append((f"过去的回答 #{past.message_id}", _citation(past.law, past.article, since)))
    except SQLAlchemyError:
        return found
    finally:
        await database.close()
    return found


def _in_texts(texts: Iterable[tuple[str, str]], finder: CitationFinder) -> list[Cited]:
    return [
        (f"回复模板“{title}”", _citation(mention.law, mention.article, _NEVER))
        for title, text in texts
        for mention in finder.find(text)
        if mention.article
    ]


def _citation(law: str, article: str, since: date) -> Citation:
    return Citation(law, article, Status.IN_FORCE, since)
