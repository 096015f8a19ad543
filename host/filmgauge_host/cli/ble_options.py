"""Options that all of `filmgauge ble` take: which radio, which nodes have keys."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from filmgauge_host.ble.node_registry import NodeRegistry, read_registry
from filmgauge_host.ble.radio import AdapterRunner, RadioRunner
from filmgauge_host.cli.options import FILE, input_errors, user_file
from filmgauge_host.errors import needs


def bluetooth_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `runner` and `registry` from options: which radio, which nodes."""

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
        type=FILE,
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
        runner = AdapterRunner(adapter) if air == "real" else _simulated(scenario, speed)
        return command(*arguments, runner=runner, registry=_registry(nodes), **options)

    return wrapped


@needs("sim")
def _simulated(scenario: str, speed: float | None) -> RadioRunner:
    from filmgauge_host.virtual.simulated_radio import SimulatedRadio
    from filmgauge_sim.scenario.loading import load_scenario

    with input_errors():
        return SimulatedRadio(load_scenario(scenario), speed)


def _registry(path: Path | None) -> NodeRegistry:
    if path is None:
        usual = user_file("XDG_CONFIG_HOME", ".config", "nodes.toml")
        path = usual if usual.exists() else None
    return read_registry(path)
