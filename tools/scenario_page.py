"""Writes docs/scenarios.md from the classes that read nodes and scenarios."""

import typing
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from filmgauge.config import SECRETS
from filmgauge_sim.nodes.description import NodeDescription, to_toml
from filmgauge_sim.nodes.faults import FaultSection
from filmgauge_sim.nodes.secrets import SECRETS_FILE
from filmgauge_sim.nodes.surroundings import WorldSection
from filmgauge_sim.scenario.loading import available_scenarios, load_scenario
from filmgauge_sim.scenario.scenario import Scenario, ScenarioNode

PAGE = Path(__file__).resolve().parent.parent / "docs" / "scenarios.md"
_HEAD = """# Nodes and scenarios

A node is one TOML file: what is simulated is what is flashed. A scenario is a TOML file that says
which nodes `filmgauge run` simulates, and in what world; give it the scenario's name or its path.
A key means the same and has the same bounds in both. A wrong key, type or value is answered with
one sentence and exit code 2.

This page is made from the code by `tools/scenario_page.py`; a test sees to it that it is current.
"""
_NODE = f"""## A node

Every key but the name has a default, which suits a bench node. Secrets never stand in this file
but in `{SECRETS_FILE}` beside it, which only its owner may read:
{", ".join(f"`{name}`" for name in SECRETS)}.

The node of the scenario `window` as a file:

```toml
"""
_SCENARIO = """## A scenario

Scenarios that come with the package:
"""
_NODES = """## `[[node]]`

One node: either `file`, the path of a node's file, relative to the scenario, or the keys of such a
file with `node.` before each table, such as `[node.cell]`. What surrounds it stands beside it in
`[node.world]`, and what befalls it in `[[node.fault]]`.
"""


def page() -> str:
    """Return the text of the page."""
    example = to_toml(load_scenario("window").node[0].description)
    lines = [_HEAD, _NODE + example + "```\n"]
    lines += [*_section("", NodeDescription, many=False), _SCENARIO]
    lines += [f"- `{name}`: {load_scenario(name).summary}" for name in available_scenarios()]
    lines += ["", *_section("", Scenario, many=False)]
    lines += [_NODES, *_section("node.world", WorldSection, many=False)]
    lines += _section("node.fault", FaultSection, many=True)
    return "\n".join(lines).rstrip() + "\n"


def _section(path: str, kind: type[msgspec.Struct], many: bool) -> Iterator[str]:
    title = f"[[{path}]]" if many else f"[{path}]"
    yield f"### `{title}`" if path else "### Top of the file"
    yield ""
    yield (kind.__doc__ or "").strip()
    yield ""
    inner: list[tuple[str, type[msgspec.Struct], bool]] = []
    rows: list[str] = []
    hints = get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        bare, meta = _parts(hints[field.name])
        element = get_args(bare)[0] if get_origin(bare) is list else bare
        where = f"{path}.{field.name}" if path else field.name
        if element is ScenarioNode:
            continue
        if isinstance(element, type) and issubclass(element, msgspec.Struct):
            inner.append((where, element, element is not bare))
        else:
            cells = (f"`{field.name}`", _type(bare), _bounds(meta), _default(field))
            rows.append(f"| {' | '.join(cells)} | {meta.description} |")
    if rows:
        yield "| key | type | bounds | default | meaning |"
        yield "|---|---|---|---|---|"
        yield from rows
        yield ""
    for where, element, listed in inner:
        yield from _section(where, element, listed)


def _parts(hint: Any) -> tuple[Any, msgspec.Meta]:
    """Return the bare type and the description and bounds beside it."""
    for candidate in (hint, *get_args(hint)):
        if get_origin(candidate) is Annotated:
            bare, meta = get_args(candidate)[:2]
            return bare, meta
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    bare = kinds[0] if kinds and NoneType in get_args(hint) else hint
    return bare, msgspec.Meta(description="")


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
        return "left out"
    return f"`{msgspec.json.encode(field.default).decode()}`"


if __name__ == "__main__":
    PAGE.write_text(page())
