"""Tocsin tells people about incidents: the right words, on the channels they chose, at once and never too often."""

__version__ = "0.1.0"
