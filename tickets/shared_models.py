"""The table of small values that all processes share."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from tickets.columns import Base, UtcDateTime


class SharedValue(Base):
    """A value with an end: an access token, a nonce that was used."""

    __tablename__ = "shared_values"

    name: Mapped[str] = mapped_column(String(128), unique=True)
    value: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
