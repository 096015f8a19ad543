"""Descriptions of nodes, and the command on them."""

from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from filmgauge_host.cli.app import main

WIFI = """
node = "{node}"
board = "esp32-c3"
[cell]
set = "evp-li"
area_cm2 = 1.0
[wifi]
wifi_ssid = "virtual"
[broker]
mqtt_host = "127.0.0.1"
mqtt_port = {port}
{more}
"""
FILM = """
node = "leaf"
board = "stm32wb55"
supply = "film"
[cell]
set = "pre-li"
area_cm2 = 20
[settings]
ble_advertise_ms = 2000
"""
SECRET = "correct horse"


def provision(*arguments: object, env: dict[str, str] | None = None, **options: Any) -> Result:
    """Run the command; the Wi-Fi's password comes from the environment unless `env` is given."""
    env = {"FILMGAUGE_NODE_WIFI_PASSWORD": SECRET} if env is None else env
    return CliRunner(env=env).invoke(main, ["provision", *map(str, arguments)], **options)


def wifi_file(folder: Path, node: str = "shelf-1", port: int = 1883, more: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{node}.description.toml"
    path.write_text(WIFI.format(node=node, port=port, more=more))
    return path


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return every file below: path -> content and mode."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mode & 0o777)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
