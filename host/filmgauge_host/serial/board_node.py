"""Which node a board is: what it remembers, and the records that wait on it, are of that one."""

import json

from filmgauge_host.errors import InputError


def node_name(config: bytes) -> str | None:
    """Return the name of the node with a configuration, None where it has none."""
    try:
        name = json.loads(config).get("node")
    except (ValueError, AttributeError):
        return None
    return name if isinstance(name, str) else None


def check_same_node(found: bytes, wanted: bytes) -> None:
    """Raise InputError where the configurations on a board and for it are of two nodes."""
    before, after = node_name(found), node_name(wanted)
    if before not in (None, after):
        raise InputError(
            f"the board is node {before}, not {after}, and the records that wait on it would go "
            f"out as those of {after}: --erase loses them and what it remembers, --other-node "
            "lets it go on with both"
        )
