"""Alembic's entry: runs the migrations on the connection that `tickets.database` hands over."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

from tickets.columns import UtcDateTime, Word
from tickets.models import Base


def render_item(kind: str, item: Any, _autogen: Any) -> str | Literal[False]:
    """Write plain types into new migrations, so that old ones don't change when our classes do."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Word):
        impl: Any = item.impl
        return f"sa.String({impl.length})"
    return False


connection: sa.Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_item=render_item,
    render_as_batch=True,
    # Our own BEGIN is already open, on SQLite too: a failed migration leaves nothing behind.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
