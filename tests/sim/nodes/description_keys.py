"""Every key of a table class by its path, with its bounds: for tests that try them all."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from filmgauge_sim.nodes.description import NodeDescription


def keys(kind: type[msgspec.Struct], path: str = "") -> Iterator[tuple[str, Any, msgspec.Meta]]:
    """Yield path, bare type and bounds of every key; lists of tables are left out."""
    for name, hint in get_type_hints(kind, include_extras=True).items():
        where = f"{path}.{name}" if path else name
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            yield from keys(hint, where)
            continue
        for candidate in (hint, *get_args(hint)):
            if get_origin(candidate) is Annotated:
                bare, meta = get_args(candidate)[:2]
                if get_origin(bare) is not list:
                    yield where, bare, meta
                break


KEYS = {path: (bare, meta) for path, bare, meta in keys(NodeDescription)}
NUMBERS = {path: row for path, row in KEYS.items() if row[0] in (int, float)}


def nested(values: dict[str, Any]) -> dict[str, Any]:
    """Return a table of TOML with values by path."""
    table: dict[str, Any] = {}
    for path, value in values.items():
        *outer, key = path.split(".")
        inner = table
        for name in outer:
            inner = inner.setdefault(name, {})
        inner[key] = value
    return table


def within(path: str) -> st.SearchStrategy[Any]:
    """Return values that the type of a key takes."""
    bare, meta = KEYS[path]
    if bare is bool:
        return st.booleans()
    if bare is int:
        return st.integers(int(meta.ge or 0), int(meta.le or 0))
    if bare is float:
        return st.floats(meta.ge, meta.le, allow_nan=False)
    if get_origin(bare) is Literal:
        return st.sampled_from(get_args(bare))
    return st.text(max_size=meta.max_length or 8)
