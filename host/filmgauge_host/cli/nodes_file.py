"""The file with names and keys of nodes, and its folder, which commands share."""

from collections.abc import Callable
from pathlib import Path

import click

from filmgauge_host.ble import node_registry
from filmgauge_host.ble.node_registry import NodeRegistry, read_registry, registry_path
from filmgauge_host.cli.options import FILE, FOLDER, user_file
from filmgauge_host.commands.counters import COUNTERS_FILE, CommandCounters
from filmgauge_host.errors import InputError, warn

NODES_FILE = click.option(
    "--nodes",
    type=FILE,
    help="TOML file with names, addresses and keys, mode 600  [default: nodes/known.toml here,"
    " as filmgauge provision writes it, or else $XDG_CONFIG_HOME/filmgauge/nodes.toml]",
)

KEYS_FOLDER = click.option(
    "--nodes",
    "folder",
    type=FOLDER,
    default=node_registry.NODES_FOLDER,
    show_default=True,
    help="Folder of the nodes and their keys, as filmgauge provision writes it.",
)


def usual_file() -> Path:
    """Return the file of the user, where there is none in the present folder."""
    return user_file("XDG_CONFIG_HOME", ".config", "nodes.toml")


def registry_of(nodes: Path | None) -> NodeRegistry:
    """Return the nodes of the option's file. Raises InputError."""
    return read_registry(nodes, usual_file())


def counters_of(nodes: Path | None) -> CommandCounters:
    """Return the counters of commands, which are kept beside that file."""
    path = registry_path(nodes, usual_file()) or usual_file()
    return CommandCounters(path.with_name(COUNTERS_FILE))


def revoked_names(nodes: Path | None) -> Callable[[], frozenset[str]]:
    """Return what gives the names that are revoked, read anew when the file has changed, or has
    come. One that cannot be read is said, and that of before stays in force."""
    registry = registry_of(nodes)

    def revoked() -> frozenset[str]:
        try:
            registry.refresh()
        except InputError as error:
            warn(str(error))
        return registry.revoked

    return revoked
