"""`filmgauge provision`: write what a node and its broker need."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from filmgauge_host.ble.node_registry import NODES_FOLDER
from filmgauge_host.cli.arrival_option import MONITOR_BROKER, arrival_check, arrival_lines
from filmgauge_host.cli.options import FILE, FOLDER, input_errors, show
from filmgauge_host.cli.provision_questions import ask, ask_wifi_password
from filmgauge_host.errors import InputError, warn
from filmgauge_host.provision import provisioning
from filmgauge_host.provision.node_file import read_node, read_node_secrets
from filmgauge_host.provision.provisioning import Provisioned
from filmgauge_host.provision.secret_values import WIFI_PASSWORD, from_environment, variable
from filmgauge_host.provision.written_key import without_written_key
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.arrival import Arrival
from filmgauge_sim.nodes.configuration import firmware_configuration
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.secrets import read_secrets_file


@click.command()
@click.option(
    "--from", "source", type=FILE, help="TOML file that describes the node  [default: ask]"
)
@click.option(
    "--secrets",
    "secrets_file",
    type=FILE,
    help="TOML file with secrets that only you can read: wifi_password, mqtt_password, keys.",
)
@click.option(
    "--out", type=FOLDER, default=NODES_FOLDER, show_default=True, help="Folder of all nodes."
)
@click.option("--new-keys", is_flag=True, help="Make new keys and a new password for the broker.")
@MONITOR_BROKER
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, without secrets.")
@input_errors()
def provision(
    source: Path | None,
    secrets_file: Path | None,
    out: Path,
    new_keys: bool,
    monitor: BrokerAddress | None,
    as_json: bool,
) -> None:
    """Write the description of a node, its secrets, and its lines for a mosquitto broker.

    Asks for what it needs, or takes it from a file. Secrets are asked for without echo, or come
    from --secrets or from FILMGAUGE_NODE_WIFI_PASSWORD and the like; keys and the broker's
    password are made where they are not given, and kept when a node is provisioned again.
    """
    given = {} if secrets_file is None else read_secrets_file(secrets_file)
    given |= from_environment()
    if source is None:
        description, asked, before = ask(out, given)
        given |= asked
    else:
        description, beside = read_node(source, warn)
        before = _own_secrets(description.name, source.parent, beside, out)
        given |= _wifi_password(description, {**before, **given})
    description = without_written_key(description, out, warn)
    done = provisioning.provision(description, given, before, out, new_keys)
    configuration = firmware_configuration(*read_node(out / done.node, warn))
    # The login of a node that has a certificate of its own is not tried from here.
    own_login = None if description.broker.certificate else monitor
    with arrival_check(own_login, description.kind, configuration) as check:
        arrival = check.of(None) if check else None
    lines = _lines(done) + arrival_lines(arrival, description.kind)
    show(as_json, _summary(done, arrival), lines)
    if arrival:
        arrival.check()


def _own_secrets(node: str, folder: Path, beside: dict[str, str], out: Path) -> dict[str, str]:
    """Return the secrets that a node has, and of another one's the Wi-Fi's password only.

    folder, beside: where its description is from, and the secrets there. Its keys would go to two
    nodes, and which of them a board has had is known in that folder alone.
    """
    own = out / node
    if folder.resolve() == own.resolve():
        return beside
    left = sorted(set(beside) - {WIFI_PASSWORD})
    if left:
        warn(f"{node} gets its own {', '.join(left)}: those in {folder} are not taken over")
    return {k: v for k, v in beside.items() if k not in left} | read_node_secrets(own)


def _wifi_password(description: NodeDescription, present: dict[str, str]) -> dict[str, str]:
    """Ask for the one secret that cannot be made, unless it is there."""
    if WIFI_PASSWORD in present or not description.kind.has_wifi:
        return {}
    if not sys.stdin.isatty():
        raise InputError(
            f"{WIFI_PASSWORD} is missing: give it in {variable(WIFI_PASSWORD)}, in the file of"
            " --secrets or at a terminal; it is empty for an open network"
        )
    return {WIFI_PASSWORD: ask_wifi_password(description.wifi.ssid)}


def _summary(done: Provisioned, arrival: Arrival | None) -> dict[str, object]:
    return {
        "node": done.node,
        "board": done.board,
        "full_uah": round(done.full_uah, 3),
        "files": [str(path) for path in done.files],
        "made": done.made,
        "kept": done.reused,
        "arrival": arrival and asdict(arrival),
    }


def _lines(done: Provisioned) -> list[str]:
    lines = [f"{done.node}: {done.board}, a cell of {done.full_uah:g} uAh"]
    lines += [f"  {path}" for path in done.files]
    if done.made:
        lines.append(f"  made: {', '.join(done.made)}")
    if done.reused:
        lines.append(f"  kept: {', '.join(done.reused)}")
    return lines
