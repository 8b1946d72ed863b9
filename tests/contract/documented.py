"""The provider that docs/channels.md shows how to add: its fenced blocks, run as they stand on the page."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

from contract.adapter import Adapter, Case, answer_json, fields
from contract.other_adapters import PHONES
from texts_to_send import messages_to, story
from tocsin.domain.channel import ChannelName
from tocsin.domain.errors import AddressDead, Ambiguous
from tocsin.domain.incident import Severity
from tocsin_channels.sms.channel import SmsChannel
from tocsin_channels.sms.senders import Senders
from words_to_send import SHIPPED

PAGE = Path(__file__).parents[2] / "docs/channels.md"
PLACE = "tocsin_channels.sms.gateway"

_section = PAGE.read_text().partition("\n## Adding a provider\n")[2].partition("\n## ")[0]
PROVIDER, ADAPTER = re.findall(r"^```python\n(.*?)^```$", _section, re.MULTILINE | re.DOTALL)
# What the second block may use without a word: the names that the other adapters import.
_KNOWN = (
    Adapter, Case, AddressDead, Ambiguous, Senders, Severity, SmsChannel, answer_json, fields, messages_to, story,
)  # fmt: skip


def _run(source: str, module: ModuleType) -> ModuleType:
    exec(compile(source, str(PAGE), "exec"), module.__dict__)
    return module


def documented() -> Adapter:
    """Return the adapter that the page makes of the provider that the page shows."""
    sys.modules[PLACE] = provider = _run(PROVIDER, ModuleType(PLACE))
    module = ModuleType("documented_adapter")
    module.__dict__.update({one.__name__: one for one in _KNOWN})
    module.__dict__.update(PHONES=PHONES, WORDING=SHIPPED[ChannelName.SMS], Gateway=provider.Gateway)
    made = _run(ADAPTER, module).GATEWAY
    assert isinstance(made, Adapter)
    return made
