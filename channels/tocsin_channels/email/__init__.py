"""E-mail over SMTP: rendered once for everyone who reads the same words, patched and pipelined per recipient."""
