"""Webhooks: signed calls to addresses that subscribers gave us."""
