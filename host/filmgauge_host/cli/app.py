"""The command `filmgauge`: its sub-commands, imported when used, and what errors become.

Exit codes: 0 done, 1 failure, 2 wrong input, 3 no broker, 4 records missing.
"""

import importlib
import sys
from typing import Any

import click

from filmgauge import VERSION
from filmgauge_host.errors import FilmgaugeError, InputError, OutputError, warn
from filmgauge_host.terminal.standard_output import checked_output

_COMMANDS = {  # name, also of the module: summary, so that --help imports nothing
    "alerts": "What is wrong with nodes: list, acknowledge, test.",
    "ble": "Nodes over Bluetooth: scan, read, configure, bridge.",
    "board": "A virtual board with a serial port.",
    "command": "Tell nodes what to do, and wait for the answer.",
    "export": "Write stored records as CSV, Battery Data Format or Parquet.",
    "fleet": "A load of many nodes that speak the real protocol.",
    "flash": "Put the firmware on a board.",
    "homeassistant": "Announce nodes to Home Assistant, or remove them.",
    "ingest": "Bring records from a broker's stream into a database, beside others.",
    "keys": "Keys of nodes: list, make, rotate, revoke.",
    "lab": "Experiments on a simulated cell.",
    "monitor": "Watch nodes and store what they report.",
    "node": "Look inside a node over its serial port.",
    "profile": "Compile the profile of a cell for a board.",
    "provision": "Write the configuration of a node.",
    "replay": "A recording beside the simulated cell and the gauge.",
    "run": "Watch a virtual node gauge a simulated cell.",
    "score": "How far the gauge is from the truth, and others.",
    "size": "How large a cell and a harvester a node needs for years.",
    "update": "Bring a new version of the firmware to nodes over MQTT.",
}


class _App(click.Group):
    """A group that imports a sub-command only when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        return getattr(importlib.import_module(f"filmgauge_host.cli.{cmd_name}"), cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def main(self, *args: Any, **extra: Any) -> Any:
        try:
            with checked_output():
                return super().main(*args, **extra)
        except OutputError as error:
            warn(str(error))
            sys.exit(error.exit_code)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except OutputError:  # as one of help, which is none of a command
            raise
        except FilmgaugeError as error:
            warn(str(error))
            ctx.exit(error.exit_code)
        except OSError as error:  # from asking whether a file is there, say
            if error.filename is None:
                raise
            warn(f"{error.filename} cannot be used: {error.strerror}")
            ctx.exit(InputError.exit_code)


@click.group(cls=_App, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="filmgauge")
def main() -> None:
    """Fuel gauge and simulator for all-solid-state thin-film lithium-sulfur cells."""


if __name__ == "__main__":
    main()
