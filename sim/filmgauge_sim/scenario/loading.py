"""Reads scenarios: those of the package by name, others by path, and one around a single node.

    [[node]]
    file = "shelf-1.toml"       # a description (nodes/description.py), relative to the scenario
    [node.world]                # what surrounds it (nodes/surroundings.py)
    clock_error_ppm = 40

The keys of a description may also stand in `[[node]]` itself. Secrets stand in the file
`secrets.toml` beside a description; what is missing there is made up from the seed.
"""

import random
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from filmgauge_sim.file_text import TomlError, parse_toml
from filmgauge_sim.nodes.description import (
    DescriptionError,
    NodeDescription,
    description_file,
    description_from,
    read_description,
)
from filmgauge_sim.nodes.faults import FaultSection, check_fault
from filmgauge_sim.nodes.secrets import read_secrets, throwaway_secrets
from filmgauge_sim.nodes.surroundings import WorldSection, check_world, plain_world, with_paths
from filmgauge_sim.nodes.tables import from_table
from filmgauge_sim.nodes.update_key import nodes_folder, with_folder_key
from filmgauge_sim.package_data import read_toml
from filmgauge_sim.scenario.scenario import Scenario, ScenarioNode, duration_us

# Keys as they were called before a node had one description -> what they are called now.
RENAMED: dict[str, str] = read_toml("filmgauge_sim.scenario", "renamed_keys.toml")


class ScenarioError(ValueError):
    """A scenario is wrong; the text is one sentence with file, key and bound."""


def available_scenarios() -> list[str]:
    """Return the names of the scenarios that come with the package."""
    folder = files("filmgauge_sim") / "scenarios"
    names = (entry.name for entry in folder.iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def load_scenario(name_or_path: str) -> Scenario:
    """Read a scenario by name or path. Raises ScenarioError, one sentence on what is wrong."""
    known = f"neither a file nor one of the scenarios {', '.join(available_scenarios())}"
    if not name_or_path:  # which as a path is this folder
        raise ScenarioError(f"a scenario without a name is {known}")
    source: Any = Path(name_or_path)
    folder = source.parent
    if name_or_path in available_scenarios():
        scenarios = files("filmgauge_sim") / "scenarios"
        source, folder = scenarios / f"{name_or_path}.toml", Path(str(scenarios))
    try:
        return scenario_from(parse_toml(source.read_text(encoding="utf-8-sig")), folder)
    except FileNotFoundError:
        raise ScenarioError(f"{name_or_path}: {known}") from None
    except OSError as error:
        raise ScenarioError(f"{name_or_path}: cannot be read: {error.strerror}") from None
    except (TomlError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{name_or_path}: not TOML: {error}") from None
    except ValueError as error:
        raise ScenarioError(f"{name_or_path}: {error}") from None


def scenario_from(table: dict[str, Any], folder: Path = Path()) -> Scenario:
    """Return the scenario that a table of TOML holds; paths count from `folder`.

    Raises ValueError, one sentence with key and bound.
    """
    entries = table.get("node")
    scenario = from_table({k: v for k, v in table.items() if k != "node"}, Scenario)
    if not isinstance(entries, list) or not entries:
        raise ValueError("node: there must be at least one [[node]]")
    nodes = [
        _node(f"node[{index}]", entry, folder, scenario.seed)
        for index, entry in enumerate(entries)
    ]
    scenario = msgspec.structs.replace(scenario, node=nodes)
    _check(scenario)
    return scenario


def scenario_of_node(path: Path) -> Scenario:
    """Return a scenario for one described node, a file or its folder, in a plain world, for a day.

    Raises ScenarioError, one sentence with file and key.
    """
    try:
        description = with_folder_key(read_description(path), nodes_folder(path))
        seed = 1
        node = ScenarioNode(
            description=description,
            world=plain_world(description),
            secrets=_secrets(description, description_file(path).parent, seed),
        )
    except DescriptionError as error:
        raise ScenarioError(str(error)) from None
    summary = f"{description.name} as {path.name} describes it, in a plain world"
    return Scenario(name=description.name, summary=summary, seed=seed, node=[node])


def _node(where: str, entry: object, folder: Path, seed: int) -> ScenarioNode:
    if not isinstance(entry, dict):
        raise ValueError(f"{where} must be a table")
    _check_renamed(where, entry)
    keys: dict[str, Any] = dict(entry)
    surroundings = keys.pop("world", {})
    faults = _faults(where, keys.pop("fault", []))
    file = keys.pop("file", None)
    secrets_folder = None
    if file is None:
        description = description_from(keys, folder=folder, where=where)
    elif not isinstance(file, str):
        raise ValueError(f"{where}.file: expected str, got {type(file).__name__}")
    elif keys:
        raise ValueError(f"{where}.{next(iter(keys))} must stand in {file}")
    else:
        path = folder / file
        description = with_folder_key(read_description(path), nodes_folder(path))
        secrets_folder = description_file(path).parent
    try:
        world = with_paths(from_table(surroundings, WorldSection), folder)
        check_world(description, world)
    except ValueError as error:
        raise ValueError(f"{where}.world: {error}") from None
    secrets = _secrets(description, secrets_folder, seed)
    return ScenarioNode(description=description, world=world, fault=faults, secrets=secrets)


def _faults(where: str, entries: object) -> list[FaultSection]:
    if not isinstance(entries, list):
        raise ValueError(f"{where}.fault must be a list of tables")
    faults = []
    for index, entry in enumerate(entries):
        try:
            faults.append(from_table(entry, FaultSection))
            check_fault(faults[-1])
        except ValueError as error:
            raise ValueError(f"{where}.fault[{index}]: {error}") from None
    return faults


def _check_renamed(where: str, node: Mapping[str, object]) -> None:
    """Raise ValueError, one sentence with the new key, for a key of a node that has moved."""
    for key, value in node.items():
        inner = [f"{key}.{name}" for name in value] if isinstance(value, Mapping) else []
        for old in (key, *inner):
            if old in RENAMED:
                raise ValueError(f"{where}.{old} is now {RENAMED[old]}")


def _secrets(description: NodeDescription, folder: Path | None, seed: int) -> dict[str, str]:
    own: Mapping[str, str] = read_secrets(folder) if folder is not None else {}
    rng = random.Random(f"{seed} {description.name} secrets")
    return {**throwaway_secrets(description, rng), **own}


def _check(scenario: Scenario) -> None:
    """Raise ValueError for what the types cannot say."""
    duration_us(scenario.duration)
    names = [node.name for node in scenario.node]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"node name {name} is used twice")
    for index, outage in enumerate(scenario.network.outages):
        if outage.end_h <= outage.begin_h:
            raise ValueError(f"network.outages[{index}].end_h must be above begin_h")
