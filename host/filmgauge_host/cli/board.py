"""`filmgauge board`: a virtual board with a serial port, to be flashed and talked to by hand."""

import os
import select
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import click
import msgspec

from filmgauge_host.cli.options import EITHER, FILE, FiniteRange, input_errors
from filmgauge_host.errors import FilmgaugeError
from filmgauge_host.provision.node_file import read_node
from filmgauge_host.signals import catch_signals
from filmgauge_host.virtual.embedded_broker import EmbeddedBroker
from filmgauge_sim.board.executable import InterpreterError, own_interpreter
from filmgauge_sim.board.serial_board import SerialOptions
from filmgauge_sim.circuit.wiring import WiringSection
from filmgauge_sim.nodes.boards import BOARDS, USUAL
from filmgauge_sim.nodes.configuration import VIRTUAL_SSID
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.serial_bench import bench_board
from filmgauge_sim.nodes.surroundings import WorldSection


@click.command()
@click.option(
    "--kind", type=click.Choice(list(BOARDS)), help=f"Which board it is  [default: {USUAL}]"
)
@click.option(
    "--node", type=EITHER, help="Instead of --kind: wired as the description of a node says."
)
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
    type=FiniteRange(0.1, 1000),
    default=1.0,
    show_default=True,
    help="How much faster than real time the firmware sleeps and waits.",
)
@click.option(
    "--broker", is_flag=True, help="Start an MQTT broker for the board, and print its address."
)
@click.option(
    "--load-ohm",
    type=FiniteRange(1000, 1e9),
    help="Resistor from the load's side to ground: R2 with J1 closed is 1000000.",
)
@input_errors()
def board(
    kind: str | None,
    node: Path | None,
    image: Path | None,
    empty: bool,
    speed: float,
    broker: bool,
    load_ohm: float | None,
) -> None:
    """Run a virtual board with its sensors and a film cell until Ctrl-C.

    Its serial port speaks MicroPython's REPL: flash it, or use mpremote on it. The Wi-Fi around
    it is called "virtual" and has no password. Enter presses its reset button.
    """
    if kind is not None and node is not None:
        raise click.UsageError("--kind is what the description of --node says; give one of them")
    wired = (
        read_node(node, _warn)[0] if node else NodeDescription(name="bench", board=kind or USUAL)
    )
    wired = msgspec.structs.replace(wired, supply="usb")  # by its serial port
    surroundings = WorldSection(wiring=WiringSection(load_ohm=load_ohm))
    if image is not None and empty:
        image.unlink(missing_ok=True)
    try:
        own_interpreter()  # says what is missing before anything else does
        with ExitStack() as stack:
            signalled = stack.enter_context(catch_signals())
            prefix = "filmgauge-board-"
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix)))
            virtual = stack.enter_context(
                bench_board(wired, folder, SerialOptions(speed=speed), image, surroundings)
            )
            ssid = wired.wifi.ssid or VIRTUAL_SSID
            click.echo(f"{wired.board} at {virtual.port.path}, Wi-Fi {ssid!r} without a password")
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


def _warn(sentence: str) -> None:
    click.echo(f"filmgauge: {sentence}", err=True)


def _enter_pressed() -> bool:
    """Wait a moment; return whether Enter was pressed."""
    if not sys.stdin.isatty():
        time.sleep(0.1)
        return False
    ready, _, _ = select.select([sys.stdin], [], [], 0.1)
    return bool(ready) and bool(os.read(sys.stdin.fileno(), 4096))
