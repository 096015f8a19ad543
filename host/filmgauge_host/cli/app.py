"""The command `filmgauge`: its sub-commands, imported when used, and what errors become.

Exit codes: 0 done, 1 failure, 2 wrong input, 3 no broker, 4 records missing.
"""

import importlib
from dataclasses import dataclass

import click

from filmgauge import VERSION
from filmgauge_host.errors import FilmgaugeError


@dataclass(frozen=True, slots=True)
class _Lazy:
    """Where a sub-command is; `summary` is here so that --help imports nothing."""

    module: str
    attribute: str
    summary: str


_COMMANDS = {
    "ble": _Lazy(
        "filmgauge_host.cli.ble", "ble", "Nodes over Bluetooth: scan, read, configure, bridge."
    ),
    "board": _Lazy("filmgauge_host.cli.board", "board", "A virtual board with a serial port."),
    "flash": _Lazy("filmgauge_host.cli.flash", "flash", "Put the firmware on a board."),
    "lab": _Lazy("filmgauge_host.cli.lab", "lab", "Experiments on a simulated cell."),
    "monitor": _Lazy(
        "filmgauge_host.cli.monitor", "monitor", "Watch nodes and store what they report."
    ),
    "node": _Lazy("filmgauge_host.cli.node", "node", "Look inside a node over its serial port."),
    "profile": _Lazy(
        "filmgauge_host.cli.profile", "profile", "Compile the profile of a cell for a board."
    ),
    "provision": _Lazy(
        "filmgauge_host.cli.provision", "provision", "Write the configuration of a node."
    ),
    "run": _Lazy("filmgauge_host.cli.run", "run", "Watch a virtual node gauge a simulated cell."),
    "score": _Lazy(
        "filmgauge_host.cli.score", "score", "How far the gauge is from the truth, and others."
    ),
}


class _App(click.Group):
    """A group that imports a sub-command only when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        lazy = _COMMANDS.get(cmd_name)
        if lazy is None:
            return None
        return getattr(importlib.import_module(lazy.module), lazy.attribute)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.summary) for name, lazy in _COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except FilmgaugeError as error:
            click.echo(f"filmgauge: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(cls=_App, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="filmgauge")
def main() -> None:
    """Fuel gauge and simulator for all-solid-state thin-film lithium-sulfur cells."""


if __name__ == "__main__":
    main()
