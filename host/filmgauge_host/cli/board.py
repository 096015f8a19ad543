"""`filmgauge board`: a virtual board with a serial port, to be flashed and talked to by hand."""

import os
import select
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import click

from filmgauge_host.cli.options import FILE, input_errors
from filmgauge_host.errors import FilmgaugeError
from filmgauge_host.signals import catch_signals
from filmgauge_host.virtual.embedded_broker import EmbeddedBroker
from filmgauge_sim.board.executable import InterpreterError, own_interpreter
from filmgauge_sim.board.serial_board import SerialOptions
from filmgauge_sim.nodes.boards import BOARDS, USUAL
from filmgauge_sim.nodes.configuration import VIRTUAL_SSID
from filmgauge_sim.nodes.serial_bench import bench_board


@click.command()
@click.option("--kind", type=click.Choice(list(BOARDS)), default=USUAL, show_default=True)
@click.option(
    "--image",
    type=FILE,
    help="Flash image, kept up to date; made empty when it is not there  [default: a new one]",
)
@click.option(
    "--empty", is_flag=True, help="With --image: begin with an empty flash all the same."
)
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 1000),
    default=1.0,
    show_default=True,
    help="How much faster than real time the firmware sleeps and waits.",
)
@click.option(
    "--broker", is_flag=True, help="Start an MQTT broker for the board, and print its address."
)
@input_errors()
def board(kind: str, image: Path | None, empty: bool, speed: float, broker: bool) -> None:
    """Run a virtual board with its sensors and a film cell until Ctrl-C.

    Its serial port speaks MicroPython's REPL: flash it, or use mpremote on it. The Wi-Fi around
    it is called "virtual" and has no password. Enter presses its reset button.
    """
    if image is not None and empty:
        image.unlink(missing_ok=True)
    try:
        own_interpreter()  # says what is missing before anything else does
        with ExitStack() as stack:
            signalled = stack.enter_context(catch_signals())
            prefix = "filmgauge-board-"
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix)))
            virtual = stack.enter_context(
                bench_board(kind, folder, SerialOptions(speed=speed), image)
            )
            click.echo(f"{kind} at {virtual.port.path}, Wi-Fi {VIRTUAL_SSID!r} without a password")
            if broker:
                started = EmbeddedBroker(directory=folder / "broker")
                started.start()
                stack.callback(started.stop)
                click.echo(f"broker at {started.url}")
            click.echo("Enter presses reset, Ctrl-C ends", err=True)
            while not signalled() and virtual.is_alive:
                if _enter_pressed():
                    virtual.press_reset()
    except InterpreterError as error:
        raise FilmgaugeError(str(error)) from None


def _enter_pressed() -> bool:
    """Wait a moment; return whether Enter was pressed."""
    if not sys.stdin.isatty():
        time.sleep(0.1)
        return False
    ready, _, _ = select.select([sys.stdin], [], [], 0.1)
    return bool(ready) and bool(os.read(sys.stdin.fileno(), 4096))
