"""Calls to addresses that strangers gave us, which may be anywhere but in our own networks."""
