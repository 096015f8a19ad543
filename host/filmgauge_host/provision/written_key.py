"""The update_key in a description that nobody has chosen.

Descriptions used to get a copy of the key of their folder. It stayed in them when
`filmgauge keys update --new` had made another one.
"""

from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from filmgauge_host.upgrade.signing_key import KEY_FILE, older_path_of, public_text, read_key
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.update_key import PUBLIC_FILE, read_public


def without_written_key(
    description: NodeDescription, nodes: Path, say: Callable[[str], None]
) -> NodeDescription:
    """Return a node without an update_key that is, or was, that of its folder.

    say: gets the sentence about one that was. Raises ValueError for a file that cannot be read.
    """
    key = description.update_key
    if not key or not (public := read_public(nodes)):
        return description
    if key != public:
        older = older_path_of(nodes / KEY_FILE, key)
        if not older.exists() or public_text(read_key(older)) != key:
            return description
        say(
            f"{description.name}: its update_key is that of {older}, which another one has taken"
            f" the place of: it gets that of {nodes / PUBLIC_FILE}"
        )
    return replace(description, update_key="")
