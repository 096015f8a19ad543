"""Writes docs/scenarios.md from the classes that read a scenario."""

import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from filmgauge_sim.scenario.loading import available_scenarios, load_scenario
from filmgauge_sim.scenario.scenario import Scenario

PAGE = Path(__file__).resolve().parent.parent / "docs" / "scenarios.md"
_HEAD = """# Scenarios

A scenario is a TOML file that says what `filmgauge run` simulates. Give `filmgauge run` its name
or its path. A wrong key, type or value is answered with one sentence and exit code 2.

This page is made from the code by `tools/scenario_page.py`; a test sees to it that it is current.

"""


def page() -> str:
    """Return the text of the page."""
    lines = ["Scenarios that come with the package:", ""]
    lines += [f"- `{name}`: {load_scenario(name).summary}" for name in available_scenarios()]
    lines += ["", *_section("", Scenario, many=False)]
    return _HEAD + "\n".join(lines) + "\n"


def _section(path: str, kind: type[msgspec.Struct], many: bool) -> Iterator[str]:
    title = f"[[{path}]]" if many else f"[{path}]"
    yield f"## `{title}`" if path else "## Top of the file"
    yield ""
    yield (kind.__doc__ or "").strip()
    yield ""
    yield "| key | type | bounds | default | meaning |"
    yield "|---|---|---|---|---|"
    inner: list[tuple[str, type[msgspec.Struct], bool]] = []
    hints = get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        bare, meta = _parts(hints[field.name])
        element = get_args(bare)[0] if get_origin(bare) is list else bare
        where = f"{path}.{field.name}" if path else field.name
        if isinstance(element, type) and issubclass(element, msgspec.Struct):
            inner.append((where, element, element is not bare))
        else:
            cells = (f"`{field.name}`", _type(bare), _bounds(meta), _default(field))
            yield f"| {' | '.join(cells)} | {meta.description} |"
    yield ""
    for where, element, listed in inner:
        yield from _section(where, element, listed)


def _parts(hint: Any) -> tuple[Any, msgspec.Meta]:
    """Return the bare type and the description and bounds beside it."""
    for candidate in (hint, *get_args(hint)):
        if get_origin(candidate) is Annotated:
            bare, meta = get_args(candidate)[:2]
            return bare, meta
    return hint, msgspec.Meta(description="")


def _type(bare: Any) -> str:
    if get_origin(bare) is typing.Literal:
        return "one of " + ", ".join(f"`{choice}`" for choice in get_args(bare))
    return {float: "number", int: "integer", str: "text", bool: "true or false"}[bare]


def _bounds(meta: msgspec.Meta) -> str:
    if meta.ge is not None and meta.le is not None:
        return f"{meta.ge:.10g} to {meta.le:.10g}"
    if meta.max_length is not None:
        return f"{meta.min_length} to {meta.max_length} characters"
    return ""


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "must be given"
    if field.default is None:
        return "none"
    return f"`{msgspec.json.encode(field.default).decode()}`"


if __name__ == "__main__":
    PAGE.write_text(page())
