"""`filmgauge command`: tell nodes what to do over MQTT, and wait for their answers."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path

import click

from filmgauge_host.ble.node_registry import NodeRegistry, RegisteredNode
from filmgauge_host.cli.broker_option import (
    BROKER,
    IN_CLEAR,
    broker_address,
    check_way_of_secrets,
)
from filmgauge_host.cli.nodes_file import NODES_FILE, counters_of, registry_of
from filmgauge_host.cli.options import Duration
from filmgauge_host.commands.actions import parse_action
from filmgauge_host.commands.mqtt_commander import MqttCommander, Outcome
from filmgauge_host.errors import InputError, warn

_NO_ANSWER = "no answer yet: the command waits at the broker, if the node has ever listened there"


@click.command()
@click.argument("nodes_wanted", metavar="NODE")
@click.argument("words", nargs=-1, required=True, metavar="ACTION [ARGUMENT]...")
@BROKER
@NODES_FILE
@click.option(
    "--timeout",
    "timeout_s",
    type=Duration(),
    help="How long to wait for answers  [default: until each has reported twice]",
)
@IN_CLEAR
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a node.")
def command(
    nodes_wanted: str,
    words: tuple[str, ...],
    broker: str,
    nodes: Path | None,
    timeout_s: float | None,
    in_clear: bool,
    as_json: bool,
) -> None:
    """Tell NODE what to do: report, time, interval SECONDS, set KEY=VALUE... or @FILE (TOML, for
    secrets too), profile FILE, zero, reset, reboot.

    NODE is a name, a pattern such as 'window-*', or several with commas between. It is carried out
    and answered when the node reports next. Exit codes: 0 all have done it, 1 one has refused or
    has not answered, 2 wrong input, 3 no broker.
    """
    action = parse_action(words)
    chosen = chosen_nodes(registry_of(nodes), nodes_wanted)
    keys = {node.name: node.command_key for node in chosen if node.command_key is not None}
    next_keys = next_keys_of(chosen)
    address = broker_address(broker)
    if action.is_secret:
        check_way_of_secrets(address, in_clear)
    with MqttCommander(address, counters_of(nodes), list(keys), warn) as commander:
        shown: set[str] = set()

        def show_answer(outcome: Outcome) -> None:
            shown.add(outcome.node)
            show(outcome, as_json)

        found = commander.send(keys, action, timeout_s, show_answer, next_keys=next_keys)
    for outcome in found:
        if outcome.node not in shown:
            show(outcome, as_json)
    if not all(outcome.is_done for outcome in found):
        click.get_current_context().exit(1)


def chosen_nodes(registry: NodeRegistry, wanted: str) -> list[RegisteredNode]:
    """Return the nodes that names and patterns with commas between ask for; InputError for one
    that is not there or cannot be commanded."""
    chosen: dict[str, RegisteredNode] = {}
    for pattern in wanted.split(","):
        names = [name for name in registry.by_name if fnmatchcase(name, pattern)]
        if not names:
            raise InputError(_nobody(registry, pattern))
        is_name = pattern in registry.by_name
        for name in names:
            node = registry.by_name[name]
            if is_name and node.revoked:
                raise InputError(f"{name} is revoked: it has no key any more")
            if is_name and node.command_key is None:
                raise InputError(f"{name} has no command_key: filmgauge keys make {name}")
            if node.command_key is not None and not node.revoked:
                chosen[name] = node
    if not chosen:
        raise InputError(f"none of the nodes {wanted!r} has a command_key")
    return list(chosen.values())


def next_keys_of(nodes: Iterable[RegisteredNode]) -> dict[str, bytes]:
    """Return the next key of each node whose key is being changed: it may have it already."""
    return {node.name: node.command_key_next for node in nodes if node.command_key_next}


def _nobody(registry: NodeRegistry, pattern: str) -> str:
    if registry.path is None:
        return "there is no file with keys of nodes (--nodes): filmgauge provision makes it"
    return f"there is no node {pattern} in {registry.path}"


def show(outcome: Outcome, as_json: bool) -> None:
    """Print what became of a node's command."""
    answer = outcome.answer
    if as_json:
        click.echo(json.dumps({"node": outcome.node, "done": outcome.is_done, **_json(outcome)}))
    elif answer is None:
        click.echo(f"{outcome.node}: {_NO_ANSWER}")
    elif outcome.is_done:
        click.echo(f"{outcome.node}: {answer.text}")
    else:
        click.echo(f"{outcome.node}: refused: {answer.text}")


def _json(outcome: Outcome) -> dict[str, object]:
    return asdict(outcome.answer) if outcome.answer else {"text": _NO_ANSWER}
