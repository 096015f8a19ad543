"""Tables of TOML whose keys have bounds: one sentence on what is wrong with one."""

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import Meta

_FEW = 5
_UNKNOWN = "Object contains unknown field"


class Table(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """A table of TOML. Its docstring and the descriptions of its keys make docs/scenarios.md."""


Kind = TypeVar("Kind", bound=msgspec.Struct)


def bounded(low: float, high: float, text: str) -> Meta:
    """Return bounds and description of a key that is a number."""
    return Meta(ge=low, le=high, description=text)


def from_table(table: object, kind: type[Kind]) -> Kind:
    """Return a table as a struct. Raises ValueError, one sentence with key and bound."""
    try:
        return msgspec.convert(table, kind, strict=True)
    except msgspec.ValidationError as error:
        raise ValueError(_sentence(str(error), kind)) from None


def did_you_mean(key: str, names: Collection[str]) -> str:
    """Return how a sentence on an unknown key ends: with all names if they are few or none is
    near, and with the nearest."""
    nearest = _nearest(key, names)
    if nearest and len(names) > _FEW:
        return nearest
    return f", it must be one of {', '.join(names)}{nearest}"


def _nearest(word: str, names: Collection[str]) -> str:
    near = get_close_matches(word.lower().strip("'"), names, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def varied(struct: Kind, changes: Mapping[str, object]) -> Kind:
    """Return a table with other values of some keys, such as {"cell.area_cm2": 2.0}; None for
    what is left out. Raises ValueError, one sentence with key and bound."""
    table: dict[str, Any] = msgspec.to_builtins(struct)
    for path, value in changes.items():
        *outer, key = path.split(".")
        inner = table
        for name in outer:
            inner = inner.setdefault(name, {})
        inner[key] = value
    return from_table(table, type(struct))


def to_text(struct: msgspec.Struct) -> str:
    """Return what differs from the defaults of a struct (with `omit_defaults`), keys before
    tables; lists of tables are not written."""
    table = msgspec.to_builtins(struct)
    lines = _keys({key: value for key, value in table.items() if not _is_table(value)})
    for name, keys in table.items():
        if _is_table(keys) and keys:
            lines += ["", f"[{name}]", *_keys(keys)]
    return "\n".join(lines) + "\n"


def _keys(table: dict[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in table.items()]


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _value(value: object) -> str:
    if isinstance(value, str):
        return quoted(value)
    return str(value).lower() if isinstance(value, bool) else repr(value)


def quoted(text: str) -> str:
    """Return text as a basic string of TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def _sentence(message: str, kind: type[msgspec.Struct]) -> str:
    """Turn msgspec's 'Expected ... - at `$.node[0].cell`' into 'node[0].cell: expected ...'."""
    text, _, path = message.partition(" - at ")
    path = path.strip("`").removeprefix("$").removeprefix(".")
    if text.startswith(_UNKNOWN):
        key = text.removeprefix(_UNKNOWN).strip(" `")
        names = [field.encode_name for field in _type_at(path, kind).fields]
        text = f"there is no key {key}{did_you_mean(key, names)}"
    text = text.replace("Object missing required field", "there is a missing key")
    text = text[0].lower() + text[1:].replace("`", "")
    if text.startswith("invalid enum value"):
        choices = [str(value) for value in _type_at(path, kind).values]
        text += f", it must be one of {', '.join(choices)}{_nearest(text.split()[-1], choices)}"
    return f"{path}: {text}" if path else text


def _type_at(path: str, root: type[msgspec.Struct]) -> Any:
    """Return msgspec's type of the key at a path such as 'node[0].supply'."""
    kind: Any = _type_info(root)
    for name in re.findall(r"[a-z]\w*", path):
        kind = next(field.type for field in kind.fields if field.name == name)
        while not hasattr(kind, "values") and (inner := _inner(kind)):
            kind = inner
    return kind


@cache  # takes 10 ms
def _type_info(root: type[msgspec.Struct]) -> Any:
    return msgspec.inspect.type_info(root)


def _inner(kind: Any) -> Any:
    """Return the type within a list, an annotation or 'or None'; None where there is none."""
    for each in getattr(kind, "types", ()):
        if not isinstance(each, msgspec.inspect.NoneType):
            return each
    return getattr(kind, "item_type", None) or getattr(kind, "type", None)
