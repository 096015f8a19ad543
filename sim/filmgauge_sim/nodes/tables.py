"""Tables of TOML whose keys have bounds: one sentence on what is wrong with one."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Meta


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
    text = text.replace("Object contains unknown field", "there is no key")
    text = text.replace("Object missing required field", "there is a missing key")
    text = text[0].lower() + text[1:].replace("`", "")
    if text.startswith("invalid enum value"):
        text += f", it must be one of {', '.join(_choices(path, kind))}"
    return f"{path}: {text}" if path else text


def _choices(path: str, root: type[msgspec.Struct]) -> list[str]:
    """Return what the key at a path such as 'node[0].supply' may be."""
    kind: Any = msgspec.inspect.type_info(root)
    for name in re.findall(r"[a-z]\w*", path):
        kind = next(field.type for field in kind.fields if field.name == name)
        while not hasattr(kind, "values") and (inner := _inner(kind)):
            kind = inner
    return [str(value) for value in kind.values]


def _inner(kind: Any) -> Any:
    """Return the type that is annotated, listed or optional, None where there is none."""
    optional = next(iter(getattr(kind, "types", ())), None)
    return getattr(kind, "item_type", None) or getattr(kind, "type", None) or optional
