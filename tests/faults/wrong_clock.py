"""Written as sitecustomize.py before a worker, it puts the worker's clock off; no other process is touched.

Python looks for that name on its path at each start. The database's clock, and the one that leases and time-outs are
measured by (monotonic), stay right, as on a machine whose date is wrong.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from typing import Any

OFF = "CLOCK_IS_OFF_BY"
_off = float(os.environ[OFF])
_time, _time_ns = time.time, time.time_ns
_right: type[dt.datetime] = dt.datetime


class _Kind(type):
    def __instancecheck__(cls, one: object) -> bool:
        return isinstance(one, _right)

    def __subclasscheck__(cls, one: type) -> bool:
        return issubclass(one, _right)


class _Wrong(dt.datetime, metaclass=_Kind):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:
        return _right.fromtimestamp(_time() + _off, tz)

    @classmethod
    def utcnow(cls) -> Any:
        return _right.fromtimestamp(_time() + _off, dt.UTC).replace(tzinfo=None)


_Wrong.__name__ = _Wrong.__qualname__ = "datetime"
_Wrong.__module__ = "datetime"
time.time = lambda: _time() + _off
time.time_ns = lambda: _time_ns() + int(_off * 1e9)
dt.datetime = _Wrong  # type: ignore[misc]
