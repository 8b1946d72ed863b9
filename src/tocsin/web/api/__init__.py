"""The HTTP API of /v1: thin routes, each of which calls one service."""
