"""Descriptions of nodes, and the command on them."""

from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from filmgauge.config import Config
from filmgauge_host.cli.app import main
from filmgauge_host.provision.node_file import read_node
from filmgauge_sim.nodes.configuration import firmware_configuration

WIFI = """
name = "{node}"
board = "esp32-c3"
{more}
[cell]
set = "evp-li"
area_cm2 = 1.0
[wifi]
ssid = "virtual"
[broker]
host = "127.0.0.1"
port = {port}
{user}
{tables}
"""
FILM = """
name = "leaf"
board = "stm32wb55"
supply = "film"
commands = true
[cell]
set = "pre-li"
area_cm2 = 20
soc = 0.6
[sensor]
switched = true
[harvester]
kind = "photovoltaic"
area_cm2 = 10
[bluetooth]
advertise_ms = 2000
encrypted = true
"""
SECRET = "correct horse"


def provision(*arguments: object, env: dict[str, str] | None = None, **options: Any) -> Result:
    """Run the command; the Wi-Fi's password comes from the environment unless `env` is given."""
    env = {"FILMGAUGE_NODE_WIFI_PASSWORD": SECRET} if env is None else env
    return CliRunner(env=env).invoke(main, ["provision", *map(str, arguments)], **options)


def wifi_file(
    folder: Path,
    node: str = "shelf-1",
    port: int = 1883,
    more: str = "",
    user: str = "",
    tables: str = "",
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{node}.description.toml"
    path.write_text(WIFI.format(node=node, port=port, more=more, user=user, tables=tables))
    return path


def film_file(folder: Path) -> Path:
    path = folder / "leaf.description.toml"
    path.write_text(FILM)
    return path


def config_of(folder: Path) -> Config:
    """Return what a board gets that is flashed from the folder of a node."""
    return Config(**firmware_configuration(*read_node(folder, lambda _: None)))


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return every file below: path -> content and mode."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mode & 0o777)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
