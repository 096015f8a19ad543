"""`filmgauge keys`: keys of nodes, made, changed over the air, and revoked."""

from collections.abc import Callable, Mapping
from pathlib import Path

import click

from filmgauge.config import check_node
from filmgauge_host.ble.node_registry import REGISTRY_FILE, read_registry
from filmgauge_host.cli.broker_option import (
    BROKER,
    IN_CLEAR,
    broker_address,
    check_way_of_secrets,
)
from filmgauge_host.cli.keys_update import update_key
from filmgauge_host.cli.nodes_file import KEYS_FOLDER
from filmgauge_host.cli.options import Duration, input_errors
from filmgauge_host.commands import key_rotation
from filmgauge_host.commands.actions import Action
from filmgauge_host.commands.counters import COUNTERS_FILE, CommandCounters
from filmgauge_host.commands.mqtt_commander import MqttCommander, Outcome
from filmgauge_host.errors import InputError, warn
from filmgauge_host.provision.key_files import ALL_KEYS, KeyFiles, check_folder
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.broker_login import BrokerLogin, LoginRefusedError


@click.group()
def keys() -> None:
    """Keys of nodes: list, make, rotate, revoke (docs/commands.md); of versions: update."""


keys.add_command(update_key)


@keys.command("list")
@KEYS_FOLDER
def list_keys(folder: Path) -> None:
    """Say which node has which keys; none of them is shown."""
    check_folder(folder)
    for name, node in sorted(read_registry(folder / REGISTRY_FILE).by_name.items()):
        files = KeyFiles(folder, name)
        words = [each for each in ALL_KEYS if files.value(each)]
        words += [f"{each} (being changed)" for each in ALL_KEYS if files.next_value(each)]
        click.echo(f"{name}: {'revoked' if node.revoked else ', '.join(words) or 'no keys'}")


@keys.command()
@click.argument("node")
@click.argument("names", nargs=-1, type=click.Choice(ALL_KEYS), metavar="[KEY]...")
@KEYS_FOLDER
def make(node: str, names: tuple[str, ...], folder: Path) -> None:
    """Make new keys of NODE: those named, or all that it has. It is to be flashed with them.

    For a node that can be reached, rotate changes a key without a cable.
    """
    check_folder(folder)
    files = _files(folder, node)
    chosen = names or tuple(each for each in ALL_KEYS if files.value(each))
    if not chosen:
        raise InputError(f"{node} has no keys yet: name those to make, of {', '.join(ALL_KEYS)}")
    files.make(chosen)
    click.echo(f"{node}: new {', '.join(chosen)}; now filmgauge flash --node {folder / node}")


@keys.command(short_help="Change a key or the password of NODE over the air.")
@click.argument("node")
@click.argument(
    "name",
    type=click.Choice((key_rotation.COMMAND_KEY, key_rotation.PASSWORD)),
    metavar="[KEY]",
    default=key_rotation.COMMAND_KEY,
)
@BROKER
@KEYS_FOLDER
@click.option(
    "--timeout",
    "timeout_s",
    type=Duration(),
    help="How long to wait for an answer  [default: until NODE has reported twice]",
)
@IN_CLEAR
def rotate(
    node: str,
    name: str,
    broker: str,
    folder: Path,
    timeout_s: float | None,
    in_clear: bool,
) -> None:
    """Change KEY of NODE over the air: command_key, unless it is to be mqtt_password.

    Both keys hold until the node has answered under the new one. Run again, it goes on where it
    was, whatever was lost.
    """
    check_folder(folder)
    address = broker_address(broker)
    check_way_of_secrets(address, in_clear)
    files = _files(folder, node)
    counters = CommandCounters(folder / COUNTERS_FILE)
    with input_errors(), MqttCommander(address, counters, [node], warn) as commander:

        def send(key: bytes, action: Action, is_patient: bool = False) -> Outcome:
            return commander.send({node: key}, action, timeout_s, is_patient=is_patient)[0]

        click.echo(f"{node}: {_ROTATIONS[name](files, send, address)}")


def _rotate_command_key(files: KeyFiles, send: key_rotation.Send, _: BrokerAddress) -> str:
    key_rotation.rotate_command_key(files, send)
    return "it has answered under its new command_key; the old one is gone"


def _rotate_password(files: KeyFiles, send: key_rotation.Send, address: BrokerAddress) -> str:
    files.check_at_broker()
    pending = files.next_value(key_rotation.PASSWORD)
    if not (pending and files.is_at_broker(pending)):
        path = files.put_at_broker(key_rotation.begin_password(files, send))
        return f"it knows both passwords: give the broker {path} and run this again"
    if _takes(address, files.user, files.value(key_rotation.PASSWORD)):
        raise InputError(f"{address} still takes the old password: give it the new file first")
    key_rotation.finish_password(files, send)
    return "it has its new mqtt_password; the old one is gone"


_ROTATIONS: Mapping[str, Callable[[KeyFiles, key_rotation.Send, BrokerAddress], str]] = {
    "command_key": _rotate_command_key,
    "mqtt_password": _rotate_password,
}


@keys.command(short_help="Forget the keys of NODE, and believe nothing under its name.")
@click.argument("node")
@KEYS_FOLDER
def revoke(node: str, folder: Path) -> None:
    """Believe nothing any more that comes under the name of NODE, and forget its keys.

    filmgauge keys make with the names of those that it had, or provision, gives it new ones, and
    the broker's files its lines again.
    """
    check_folder(folder)
    changed = _files(folder, node).revoke()
    click.echo(f"{node}: revoked; give the broker its files anew where they are among these:")
    for path in changed:
        click.echo(f"  {path}")
    click.echo(
        "what the broker retains of it stays until: filmgauge homeassistant remove"
        f" {node} --broker ..."
    )


def _files(folder: Path, node: str) -> KeyFiles:
    with input_errors():
        files = KeyFiles(folder, check_node(node))
    files.check_known()
    return files


def _takes(address: BrokerAddress, user: str, password: str) -> bool:
    """Return whether the broker lets a user in with a password."""
    from dataclasses import replace

    try:
        with BrokerLogin(replace(address, user=user, password=password)):
            return True
    except LoginRefusedError:
        return False
