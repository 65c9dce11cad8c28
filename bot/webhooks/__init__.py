"""Webhooks: other systems are told what happens to tickets, and report back."""
