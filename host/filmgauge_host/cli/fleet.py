"""`filmgauge fleet`: a load of many nodes that speak the real protocol."""

from dataclasses import asdict

import click

from filmgauge.config import check_node
from filmgauge_host.cli.broker_option import TLS_FILES, broker_address
from filmgauge_host.cli.options import (
    BROKER_HELP,
    BROKER_USUAL,
    BROKER_VARIABLE,
    FOR_ALIAS,
    JSON,
    Duration,
    FiniteRange,
    IntegerRange,
    show,
)
from filmgauge_host.errors import DataGapError, InputError, warn
from filmgauge_host.fleet.fleet import Fleet, FleetCounts
from filmgauge_host.fleet.open_files import allow_connections
from filmgauge_host.signals import catch_signals

_NODES_MAX = 20_000


@click.command(context_settings=FOR_ALIAS)
@click.option(
    "--broker",
    "brokers",
    multiple=True,
    default=[BROKER_USUAL],
    show_default=True,
    envvar=BROKER_VARIABLE,
    show_envvar=True,
    help=BROKER_HELP + " Several of a cluster: a node that loses one goes to the next.",
)
@TLS_FILES
@click.option(
    "--nodes",
    type=IntegerRange(1, _NODES_MAX),
    default=1000,
    show_default=True,
    help="How many.",
)
@click.option(
    "--rate",
    type=FiniteRange(1e-4, 1000),
    default=1.0,
    show_default=True,
    help="Reports a second of each node.",
)
@click.option("--for", "duration_s", type=Duration(), help="Stop after a time such as 90s or 2h.")
@click.option("--prefix", default="fleet", show_default=True, help="Of the nodes' names.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of lives and charges.")
@JSON
def fleet(
    brokers: tuple[str, ...],
    nodes: int,
    rate: float,
    duration_s: float | None,
    prefix: str,
    seed: int,
    as_json: bool,
) -> None:
    """Publish as many nodes would, to see what broker, monitor and store bear.

    Every record is sent until the broker has acknowledged it; exit 4 when some are not at the
    end. The records are made up, their cells are not simulated: for those see `filmgauge run`.
    """
    try:
        check_node(f"{prefix}-{nodes - 1}")
    except ValueError as error:
        raise InputError(f"--prefix: {error}") from None
    allow_connections(nodes)
    load = Fleet([broker_address(broker) for broker in brokers], nodes, 1 / rate, prefix, seed)
    try:
        with catch_signals() as stopped:
            load.run(duration_s, stopped, warn)
    finally:
        load.close()
    counts = load.counts()
    show(as_json, asdict(counts), _lines(counts))
    if counts.unacknowledged:
        raise DataGapError(_gap(counts))


def _gap(counts: FleetCounts) -> str:
    """Return which records are missing, and what is known of why."""
    text = f"{counts.unacknowledged} records were not acknowledged by the broker"
    if counts.refused:
        text += f", which has not accepted {counts.refused} of {counts.nodes} nodes"
    return text + (f": it {counts.problem}" if counts.problem else "")


def _lines(counts: FleetCounts) -> list[str]:
    lines = [
        f"{counts.nodes} nodes made {counts.made} records: {counts.acknowledged} acknowledged, "
        f"{counts.unacknowledged} not; {counts.reconnects} reconnects"
    ]
    if counts.refused:
        lines.append(f"{counts.refused} nodes never connected: the broker {counts.problem}")
    if counts.p50_ms is not None:
        lines.append(
            f"published to acknowledged: median {counts.p50_ms:g} ms, 99th percentile "
            f"{counts.p99_ms:g} ms"
        )
    if counts.behind:
        lines.append(f"{counts.behind} reports were late: this machine is too slow for the rate")
    return lines
