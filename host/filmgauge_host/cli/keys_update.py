"""`filmgauge keys update`: the key with which versions of the firmware are signed."""

from pathlib import Path

import click

from filmgauge_host.cli.nodes_file import KEYS_FOLDER
from filmgauge_host.cli.options import input_errors
from filmgauge_host.upgrade.signing_key import (
    KEY_FILE,
    make_key,
    older_path,
    public_text,
    read_key,
)


@click.command("update", short_help="Make the key that signs versions, or show its public half.")
@KEYS_FOLDER
@click.option("--new", is_flag=True, help="Make another key in place of the one that is there.")
@input_errors()
def update_key(folder: Path, new: bool) -> None:
    """Make the key that signs versions of the firmware, or show its public half.

    The public half is what nodes know as update_key: flash puts it into their configuration from
    then on, unless their description names another one. Whoever has the key can change every
    node: keep a copy of it, and keep it off the broker's machine.
    """
    path = folder / KEY_FILE
    older = older_path(path, read_key(path)) if new and path.exists() else None
    key = make_key(path, new) if new or not path.exists() else read_key(path)
    click.echo(f"{path}: update_key = {public_text(key)}")
    if older:
        click.echo(f"{older}: the key before, of which alone nodes that know it take versions")
