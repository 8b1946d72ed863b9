"""Verbs, one a file: each opens its transactions, calls the rules, and keeps the network outside of both."""
