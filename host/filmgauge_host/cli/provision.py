"""`filmgauge provision`: write what a node and its broker need."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from filmgauge_host.provision.description import Description
    from filmgauge_host.provision.provisioning import Provisioned


@click.command()
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, dir_okay=False),
    help="TOML file that describes the node  [default: ask]",
)
@click.option(
    "--secrets",
    "secrets_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="TOML file with secrets that only you can read: wifi_password, mqtt_password, keys.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("nodes"),
    show_default=True,
    help="Folder of all nodes.",
)
@click.option("--new-keys", is_flag=True, help="Make new keys and a new password for the broker.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, without secrets.")
def provision(
    source: Path | None, secrets_file: Path | None, out: Path, new_keys: bool, as_json: bool
) -> None:
    """Write the configuration folder of a node, and its lines for a mosquitto broker.

    Asks for what it needs, or takes it from a file. Secrets are asked for without echo, or come
    from --secrets or from FILMGAUGE_NODE_WIFI_PASSWORD and the like; keys and the broker's
    password are made where they are not given, and kept when a node is provisioned again.
    """
    from filmgauge_host.cli.provision_questions import ask
    from filmgauge_host.provision import secret_values
    from filmgauge_host.provision.description import read_description
    from filmgauge_host.provision.provisioning import existing_secrets, provision

    given = {} if secrets_file is None else secret_values.from_file(secrets_file)
    given |= secret_values.from_environment()
    described = ask(out, given) if source is None else read_description(source)
    described = replace(described, secrets=described.secrets | given)
    if source is not None:
        described = _with_wifi_password(described, existing_secrets(out, described.node))
    done = provision(described, out, new_keys)
    click.echo(json.dumps(_summary(done)) if as_json else _text(done))


def _with_wifi_password(described: "Description", before: dict[str, str]) -> "Description":
    """Ask for the one secret that cannot be made, unless it is there."""
    from filmgauge_host.cli.provision_questions import ask_wifi_password
    from filmgauge_host.errors import InputError
    from filmgauge_host.provision.configuration import has_wifi
    from filmgauge_host.provision.secret_values import WIFI_PASSWORD, variable

    if WIFI_PASSWORD in described.secrets | before or not has_wifi(described.board):
        return described
    if not sys.stdin.isatty():
        raise InputError(
            f"{WIFI_PASSWORD} is missing: give it in {variable(WIFI_PASSWORD)}, in the file of"
            " --secrets or at a terminal; it is empty for an open network"
        )
    ssid = str(described.values.get("wifi_ssid", ""))
    secrets = described.secrets | {WIFI_PASSWORD: ask_wifi_password(ssid)}
    return replace(described, secrets=secrets)


def _summary(done: "Provisioned") -> dict[str, object]:
    return {
        "node": done.node,
        "board": done.board,
        "full_uah": round(done.full_uah, 3),
        "files": [str(path) for path in done.files],
        "made": done.made,
        "kept": done.kept,
    }


def _text(done: "Provisioned") -> str:
    lines = [f"{done.node}: {done.board}, a cell of {done.full_uah:g} uAh"]
    lines += [f"  {path}" for path in done.files]
    if done.made:
        lines.append(f"  made: {', '.join(done.made)}")
    if done.kept:
        lines.append(f"  kept: {', '.join(done.kept)}")
    return "\n".join(lines)
