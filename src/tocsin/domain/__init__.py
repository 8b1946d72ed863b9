"""Nouns and rules: values in, values out; no input, no output, no framework."""
