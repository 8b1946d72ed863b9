"""Signs requests to Amazon (Signature Version 4) by botocore, with keys that we were given or with the machine's role.

botocore takes half a second to import, so that is left to the first request.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from typing import Any, Final

from tocsin.domain.errors import ProviderDown

_SERVICE: Final = "ses"


class Signer:
    """`key` and `secret` are an access key; where they are empty, the machine's role and environment have one."""

    def __init__(self, region: str, key: str, secret: str) -> None:
        self._region = region
        self._key = key
        self._secret = secret
        self._lock = threading.Lock()
        self._found: Any = None

    async def sign(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        """Return `headers` with those that prove who asks; raise ProviderDown where we have no credentials."""
        # A role's credentials are fetched and renewed over the network, so not in the loop.
        credentials = await asyncio.to_thread(self._credentials)
        return _signed(credentials, self._region, method, url, headers, body)

    def _credentials(self) -> Any:
        with self._lock:
            if self._found is None:
                self._found = _given(self._key, self._secret) if self._key else _of_machine()
            if self._found is None:
                raise ProviderDown(
                    "Amazon SES: there are no credentials. Set email.ses_access_key_id and ses_secret_access_key, or "
                    "give this machine a role that may send."
                )
            return self._found.get_frozen_credentials()


def _given(key: str, secret: str) -> Any:
    from botocore.credentials import Credentials  # noqa: PLC0415 - see above

    return Credentials(key, secret)


def _of_machine() -> Any:
    from botocore.session import Session  # noqa: PLC0415 - see above

    session: Any = Session()
    return session.get_credentials()


def _signed(
    credentials: Any, region: str, method: str, url: str, headers: Mapping[str, str], body: bytes
) -> dict[str, str]:
    from botocore.auth import SigV4Auth  # noqa: PLC0415 - see above
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415

    request = AWSRequest(method=method, url=url, data=body, headers=dict(headers))
    SigV4Auth(credentials, _SERVICE, region).add_auth(request)
    return dict(request.headers.items())
