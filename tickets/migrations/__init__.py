"""Alembic migrations, run by `tickets.database.upgrade`."""
