"""`filmgauge node`: look inside a node over its serial port, and work out its energy budget."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from filmgauge_host.cli.firstlight import firstlight
from filmgauge_host.cli.options import EITHER, FILE, JSON, PORT, FiniteRange, input_errors, show
from filmgauge_host.errors import FilmgaugeError, InputError, warn
from filmgauge_host.log_file import check_format, export
from filmgauge_host.provision.node_file import read_node
from filmgauge_host.serial.board_script import interrupted, merged, read_backlog, run_script
from filmgauge_host.serial.selftest_checks import Reference, evaluate
from filmgauge_host.serial.status import read_status, status_lines
from filmgauge_host.terminal.board_lines import BoardLines
from filmgauge_sim.nodes.configuration import compiled_profile
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.energy_budget import EnergyBudget, energy_budget
from filmgauge_sim.nodes.flash_wear import ENDURANCE, YEARS, flash_wear

_FIGURES = {  # of the firmware's ledger, in words
    "own_uw": "asleep, uW",
    "wake_uj": "wake with a full sample, uJ",
    "glance_uj": "wake that only checks the current, uJ",
    "report_uj": "report besides what follows, uJ",
    "advert_uj": "advertisement, uJ",
    "event_uj": "connection event, uJ",
    "awake_uw": "awake for the radio, uW",
    "waking_uj": "coming awake for it, uJ",
    "refill_efficiency": "from the cell to the capacitor",
}


@click.group()
def node() -> None:
    """Look inside a node over its serial port, or work out its energy budget.

    The firmware is interrupted and boots again afterwards; a node that sleeps is waited for.
    Nothing is written to its flash.
    """


node.add_command(firstlight)


@node.command(short_help="Print what the node of FILE takes for itself, line by line.")
@click.argument("file", type=EITHER)
@JSON
@input_errors()
def budget(file: Path, as_json: bool) -> None:
    """Print what the node of FILE takes for itself, line by line: no board is needed.

    FILE is a description (filmgauge provision), node.toml or its folder.
    """
    description, _ = read_node(file, warn)
    found = energy_budget(description)
    show(as_json, budget_table(description, found), budget_lines(description, found))


@node.command(short_help="Tell versions, sensors, readings, ledger, faults, room.")
@PORT
@JSON
def status(port: str | None, as_json: bool) -> None:
    """Tell versions, sensors, readings, ledger, faults, and what room is left."""
    with interrupted(port, BoardLines().wait) as link:
        found = read_status(link)
    show(as_json, found, status_lines(found))


@node.command(short_help="Print or export the records that wait on the node.")
@PORT
@JSON
@click.option(
    "--out", type=FILE, help="File to write: name.bdf.csv (Battery Data Format), .csv or .jsonl."
)
def log(port: str | None, as_json: bool, out: Path | None) -> None:
    """Print or export the records that wait on the node; they stay there."""
    if out is not None:
        check_format(out)
    with interrupted(port, BoardLines().wait) as link:
        records, bad = read_backlog(link)
    for sentence in bad:
        warn(sentence)
    if out is not None:
        export(records, out)
    if as_json:
        rows = [json.loads(record.to_json()) for record in records]
        click.echo(json.dumps({"records": rows, "unreadable": len(bad)}))
    elif out is not None:
        click.echo(f"{out}: {len(records)} records")
    else:
        for record in records:
            click.echo(record.to_json())
    if bad:
        sys.exit(1)


@node.command(short_help="Try the wiring: pull-ups, addresses, switches, shunt.")
@PORT
@JSON
@click.option(
    "--load-ohm",
    type=FiniteRange(1e3, 1e9),
    help="Resistor from the load's side to ground: R2 with J1 closed is 1000000.",
)
@click.option(
    "--current-ua",
    type=FiniteRange(-1e6, 1e6),
    help="Current that flows through the shunt, where it is known; positive charges.",
)
@click.option(
    "--temperature-c",
    type=FiniteRange(-40, 85),
    help="Temperature of the cell, where it is known.",
)
def selftest(
    port: str | None,
    as_json: bool,
    load_ohm: float | None,
    current_ua: float | None,
    temperature_c: float | None,
) -> None:
    """Try the wiring: pull-ups, addresses, switches, and with a known current the shunt.

    Exit code 1 where something is wrong.
    """
    if load_ohm is not None and current_ua is not None:
        raise InputError("give --load-ohm or --current-ua, not both")
    with interrupted(port, BoardLines().wait) as link:
        answers = merged(run_script(link, "selftest"))
    if answers["configuration"] is None:
        wrong = answers["configuration_wrong"]
        raise FilmgaugeError(f"the node's configuration cannot be read: {wrong}")
    findings = evaluate(answers, Reference(load_ohm, current_ua, temperature_c))
    faults = [finding for finding in findings if finding.verdict == "fault"]
    found = {"healthy": not faults, "findings": [asdict(finding) for finding in findings]}
    show(as_json, found, [line for finding in findings for line in finding.lines()])
    if faults:
        sys.exit(1)


def budget_table(description: NodeDescription, budget: EnergyBudget) -> dict[str, Any]:
    """Return all figures of a budget; those of cell and harvester are None with supply usb."""
    film = description.supply == "film"
    return {
        "node": description.name,
        "board": description.board,
        "supply": description.supply,
        "lines": [asdict(line) for line in budget.lines],
        "power_uw": budget.power_uw,
        "cell_uah_day": budget.cell_uah_day if film else None,
        "cell_days": _cell_days(description, budget) if film else None,
        "harvester_uw": budget.harvest_uw if film else None,
        "shortfalls": _shortfalls(description, budget) if film else [],
        "wear": _wear(description),
        "booked": asdict(budget.figures) if description.sensor.switched else None,
        "measured": list(budget.measured),
    }


def budget_lines(description: NodeDescription, budget: EnergyBudget) -> list[str]:
    """Return a budget line by line, with what the harvester must give."""
    film = description.supply == "film"
    lines = [f"{description.name}, {description.board}: what it takes, without any harvest"]
    rows = [
        (line.name, line.power_uw, line.cell_uah_day) for line in budget.lines if line.power_uw
    ]
    for name, power_uw, uah_day in [*rows, ("in all", budget.power_uw, budget.cell_uah_day)]:
        of_cell = f" {uah_day:>9.2f} uAh a day" if film else ""
        lines.append(f"  {name:20}{power_uw:>12.2f} uW{of_cell}")
    if film:
        lines += [f"  {sentence}" for sentence in _shortfalls(description, budget)]
        cell_days = _cell_days(description, budget)
        if cell_days is not None:
            lines.append(
                f"  its full cell carries it for {cell_days:.1f} days; a harvester must give at"
                f" least {budget.harvest_uw:.1f} uW on average"
            )
    wear = flash_wear(description)
    lines.append(
        f"  flash in {YEARS} years: {wear.hottest:,} erases of its hottest page, of {ENDURANCE:,}"
        f" that it endures ({wear.saves_day:.1f} saves and {wear.records_day:.1f} records a day)"
    )
    if not wear.is_bearable:
        lines.append(
            "    more than it endures: intervals.journal_every and intervals.report_every must be"
            " larger"
        )
    if description.sensor.switched:
        lines.append("  its firmware books, out of the capacitor:")
        for name, value in asdict(budget.figures).items():
            measured = "  measured" if name in budget.measured else ""
            lines.append(f"    {_FIGURES[name]:38}{value:>10.2f}{measured}")
    return lines


def _shortfalls(description: NodeDescription, budget: EnergyBudget) -> list[str]:
    """Return a sentence for what converter or capacitor do not carry, of a node on film."""
    sentences = []
    if budget.cell_ua > description.converter.discharge_ua:
        sentences.append(
            "more than its converter brings from the cell: converter.discharge_ua must be"
            f" at least {budget.cell_ua:.1f}, not {description.converter.discharge_ua:g}"
        )
    try:
        description.buffer.check_capacitance()
    except ValueError as error:
        sentences.append(f"more than its capacitor carries, it boots for ever: {error}")
    return sentences


def _wear(description: NodeDescription) -> dict[str, Any]:
    wear = flash_wear(description)
    return {**asdict(wear), "years": YEARS, "endurance": ENDURANCE, "bearable": wear.is_bearable}


def _cell_days(description: NodeDescription, budget: EnergyBudget) -> float | None:
    """Return how long its cell carries a node; None where it is said to take nothing."""
    full_uah = compiled_profile(description).full_pc() / 3.6e9
    return full_uah / budget.cell_uah_day if budget.cell_uah_day else None
