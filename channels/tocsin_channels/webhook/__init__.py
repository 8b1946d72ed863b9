"""Webhooks: signed calls to addresses that subscribers gave us, which may be anywhere but in our own networks."""
