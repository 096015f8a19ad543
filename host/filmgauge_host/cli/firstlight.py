"""`filmgauge node firstlight`: what somebody with a fresh board does in the first hour."""

import json
import sys
from pathlib import Path

import click

from filmgauge_host.atomic_file import Content, write_all
from filmgauge_host.cli.options import EITHER, FILE, PORT, FiniteRange, input_errors
from filmgauge_host.errors import FilmgaugeError, warn
from filmgauge_host.first_light.check import Bench, Expected, expected_of_kind, expected_of_node
from filmgauge_host.first_light.run import CHECKS, report, run_checks
from filmgauge_host.provision.node_file import read_node
from filmgauge_host.provision.secret_values import from_environment
from filmgauge_host.serial.board_link import BoardLink
from filmgauge_host.serial.board_script import interrupted
from filmgauge_host.serial.finding import Finding
from filmgauge_host.serial.interpreter import read_identity
from filmgauge_host.terminal.board_lines import BoardLines
from filmgauge_sim.nodes.boards import BOARDS


class Terminal:
    """Whoever sits at this terminal; nobody where there is none."""

    def __init__(self, is_there: bool) -> None:
        self.is_there = is_there

    def say(self, text: str) -> None:
        """Write a line beside the results."""
        click.echo(text, err=True)

    def ask(self, question: str) -> str:
        """Return an answer, nothing for Enter alone."""
        return click.prompt(question, default="", show_default=False, err=True)


@click.command(short_help="Try a fresh board, check by check.")
@PORT
@click.option(
    "--node", type=EITHER, help="Description of the node (filmgauge provision), or its folder."
)
@click.option(
    "--board",
    "board_name",
    type=click.Choice(list(BOARDS)),
    help="Without --node, wired as docs/hardware.md draws it  [default: what the board says]",
)
@click.option("--out", type=FILE, help="Report to write, JSON: the file to send back.")
@click.option(
    "--only",
    type=click.Choice(list(CHECKS)),
    multiple=True,
    help="Only this check; can be given again  [default: all]",
)
@click.option("--no-power-cut", is_flag=True, help="Leave out the check that pulls the cable.")
@click.option(
    "--sleep-ua",
    type=FiniteRange(0, 1e6),
    help="What a meter in the supply shows while the board sleeps, uA.",
)
@click.option(
    "--sleep-s",
    type=FiniteRange(1, 600),
    default=10.0,
    show_default=True,
    help="How long the board sleeps while its clock is compared, s.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; nobody is asked.")
@input_errors()
def firstlight(
    port: str | None,
    node: Path | None,
    board_name: str | None,
    out: Path | None,
    only: tuple[str, ...],
    no_power_cut: bool,
    sleep_ua: float | None,
    sleep_s: float,
    as_json: bool,
) -> None:
    """Try a fresh board: interpreter, memory, pins, sensors, sleep, watchdog, radio, power cut.

    Each check is ok, a fault, or not tested. docs/first-light.md tells the same in order. Exit
    code 1 where there is a fault.
    """
    described = None if node is None else _described(node)
    person = Terminal(sys.stdin.isatty() and not as_json)
    with interrupted(port, BoardLines().wait) as link:
        expected = described or expected_of_kind(BOARDS[board_name or _kind_name(link)])
        bench = Bench(link, expected, person, sleep_ua, sleep_s, not no_power_cut)
        findings = run_checks(bench, only or CHECKS, (lambda _: None) if as_json else _print)
    found = report(bench, findings)
    if as_json:
        click.echo(json.dumps(found))
    if out is not None:
        write_all({out: Content((json.dumps(found, indent=1) + "\n").encode())})
        person.say(f"the report is in {out}: send it to whoever maintains filmgauge")
    if found["faults"]:
        sys.exit(1)


def _print(finding: Finding) -> None:
    for line in finding.lines():
        click.echo(line)


def _described(node: Path) -> Expected:
    description, secrets = read_node(node, warn)
    return expected_of_node(description, {**secrets, **from_environment()})


def _kind_name(link: BoardLink) -> str:
    """Return the kind of board that the interpreter was made for."""
    machine = read_identity(link).machine
    names = [name for name, kind in BOARDS.items() if kind.recognises(machine)]
    if not names:
        raise FilmgaugeError(
            f"the interpreter was made for {machine or 'a board without a name'}, which is none of"
            f" {', '.join(BOARDS)}: name the one that is nearest as --board"
        )
    return names[0]
