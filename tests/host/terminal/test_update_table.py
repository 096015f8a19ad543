"""How far nodes are with a version, in terminals of several widths."""

import io

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console

from filmgauge_host.terminal.update_table import update_line, update_table
from filmgauge_host.upgrade.field_update import Progress
from filmgauge_host.upgrade.version import sign

MADE = {"name": "0.2.0", "board": "esp32", "bytecode": "6.3"}
VERSION = sign({"app.bin": b"a"}, number=2, key=Ed25519PrivateKey.generate(), **MADE)
LONG = "-".join(["greenhouse"] * 3)  # and a little: 32 characters
NODES = [
    Progress(LONG[:-1] + "1", VERSION),
    Progress(LONG[:-1] + "2", VERSION, "fetching", 55, 109),
    Progress("x", VERSION, "refused", text="no launcher has started this firmware"),
    Progress("y", VERSION, "runs", 109, 109, "0.2.0"),
]


@pytest.mark.parametrize("width", [60, 80, 140])
def test_no_name_and_no_reason_is_cut_off(width: int) -> None:
    console = Console(width=width, file=io.StringIO())
    with console.capture() as capture:
        console.print(update_table(NODES))
    lines = capture.get().splitlines()
    assert max(map(len, lines)) <= width
    columns = [lines[1].index("node"), lines[1].index("pieces"), lines[1].index("state")]
    names = "".join(line[columns[0] : columns[1] - 2].strip() for line in lines[3:])
    assert names == "".join(each.node for each in NODES)
    states = " ".join(line[columns[2] :].strip() for line in lines[3:])
    for each in NODES:
        assert update_line(each).partition(": ")[2].removesuffix(" 55 of 109") in states
    assert any("55/109" in line for line in lines)
