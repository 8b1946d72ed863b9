"""What is wrong with a setting, told with its place and what to write instead."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from itertools import takewhile
from typing import Any

from pydantic import BaseModel

from tocsin.carrier_sections import LISTED, NAMED, MailProvider, TextProvider
from tocsin.sections import SocialAccount


def in_words(root: type[BaseModel], kind: str, keys: Sequence[int | str], message: str, written: object) -> str:
    """Return a line about one place in the settings; `keys` lead to it from `root`, `written` is what stands there."""
    keys = [key for key in keys if key not in {NAMED, LISTED}]
    if kind != "extra_forbidden":  # all of them are ours, but for how pydantic names what a value may be
        keys = [key for key in keys if isinstance(key, int) or key.isidentifier()]
    if keys[-1:] == ["provider"] and isinstance(written, dict):
        message = f"write [[{'.'.join(map(str, keys))}]], with two brackets: there may be more than one"
    return f"  {_place(keys)}: {_what_to_do(root, kind, keys, message)}"


def _place(keys: Sequence[int | str]) -> str:
    names = [str(key) for key in keys]
    # A list is one variable as a whole.
    variable = [str(key) for key in takewhile(lambda key: isinstance(key, str), keys)]
    return f"{'.'.join(names)} (TOCSIN_{'__'.join(variable).upper()})"


def _what_to_do(root: type[BaseModel], kind: str, keys: Sequence[int | str], message: str) -> str:
    if kind != "extra_forbidden":
        return message.removeprefix("Value error, ")
    *sections, name = map(str, keys)
    section = root.model_fields[sections[0]].annotation if sections else root
    names = names_of(section) if isinstance(section, type) and issubclass(section, BaseModel) else {}
    if len(sections) > 1:  # in a table of a list
        names = {known: None for tables in (MailProvider, TextProvider, SocialAccount) for known in names_of(tables)}
    near = get_close_matches(name, names, n=1)
    return f"there is no such setting. Did you mean {near[0]}?" if near else "there is no such setting."


def names_of(section: type[BaseModel]) -> dict[str, Any]:
    """Return the settings of a section by the names that people write, with their defaults."""
    return {field.alias or name: field.default for name, field in section.model_fields.items()}
