"""Secrets that endpoints check our signatures with: derived for each, so that none has to be stored.

In the form of Standard Webhooks 1.0.0: `whsec_` and 32 bytes in base64.
"""

from __future__ import annotations

import base64
import hmac


def signing_secret(secret: str, endpoint_id: int, version: int) -> str:
    """Return the secret number `version` of an endpoint; `secret` is the installation's own."""
    derived = hmac.digest(secret.encode(), f"webhook:{endpoint_id}:{version}".encode(), "sha256")
    return f"whsec_{base64.b64encode(derived).decode()}"
