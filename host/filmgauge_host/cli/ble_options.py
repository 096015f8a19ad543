"""Options that all of `filmgauge ble` take: which radio, which nodes are known."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from filmgauge_host.ble.node_registry import KnownNodes
    from filmgauge_host.ble.runner import RadioRunner


def bluetooth_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `place` and `known` from options: which radio, which nodes."""

    @click.option("--adapter", help="Bluetooth adapter such as hci1  [default: the first one]")
    @click.option(
        "--air",
        type=click.Choice(["real", "virtual"]),
        default="real",
        show_default=True,
        help="A real adapter, or a simulated air with the real firmware on it.",
    )
    @click.option(
        "--scenario", default="demo", show_default=True, help="Whose nodes are on a virtual air."
    )
    @click.option(
        "--speed", type=click.FloatRange(min=0.1), help="Of a virtual air  [default: the fastest]"
    )
    @click.option(
        "--nodes",
        type=click.Path(path_type=Path, dir_okay=False),
        help="TOML file with names, addresses and keys, mode 600  "
        "[default: $XDG_CONFIG_HOME/filmgauge/nodes.toml]",
    )
    @functools.wraps(command)
    def wrapped(
        *arguments: Any,
        adapter: str | None,
        air: str,
        scenario: str,
        speed: float | None,
        nodes: Path | None,
        **options: Any,
    ) -> Any:
        place = _place(adapter, air, scenario, speed)
        return command(*arguments, place=place, known=_known(nodes), **options)

    return wrapped


def _place(adapter: str | None, air: str, scenario: str, speed: float | None) -> "RadioRunner":
    from filmgauge_host.ble.runner import AdapterPlace, SimulatedRadio
    from filmgauge_host.errors import InputError
    from filmgauge_sim.scenario.loading import ScenarioError, load_scenario

    if air == "real":
        return AdapterPlace(adapter)
    try:
        return SimulatedRadio(load_scenario(scenario), speed)
    except ScenarioError as error:
        raise InputError(str(error)) from None


def _known(path: Path | None) -> "KnownNodes":
    from filmgauge_host.ble.node_registry import load_known

    if path is None:
        given = os.environ.get("XDG_CONFIG_HOME", "")
        base = Path(given) if os.path.isabs(given) else Path.home() / ".config"
        usual = base / "filmgauge" / "nodes.toml"
        path = usual if usual.exists() else None
    return load_known(path)
