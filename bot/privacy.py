"""Masking for what people read outside the desk: logs, reports, open data; the rules: `tickets.masking`."""

from __future__ import annotations

from tickets.masking import kinds_found, mask

__all__ = ["kinds_found", "mask"]
