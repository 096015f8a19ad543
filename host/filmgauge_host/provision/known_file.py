"""The file with the keys of all nodes, as the Bluetooth side of the host reads it (known.py)."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from filmgauge_host.ble.node_registry import load_known

_HEAD = """\
# Keys of the nodes, for filmgauge's Bluetooth commands. Written by filmgauge provision, which
# keeps the addresses: add them as address = "C1:02:03:04:05:06".
"""


def with_keys(path: Path, node: str, keys: Mapping[str, str]) -> str:
    """Return the file in which `node` has these keys; other nodes and addresses stay.

    Raises InputError where the file is there and cannot be read.
    """
    nodes: dict[str, dict[str, str]] = {}
    if path.exists():
        load_known(path)  # says what is wrong
        nodes = tomllib.loads(path.read_text(encoding="utf-8")).get("nodes", {})
    address = {key: value for key, value in nodes.get(node, {}).items() if key == "address"}
    nodes[node] = address | {name: key for name, key in keys.items() if key}
    lines = [_HEAD]
    for name in sorted(nodes):
        lines += [f"[nodes.{name}]", *(f'{key} = "{value}"' for key, value in nodes[name].items())]
        lines.append("")
    return "\n".join(lines)
