"""Statutes in full text, with every version's days of force."""
