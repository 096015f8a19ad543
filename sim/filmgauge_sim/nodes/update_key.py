"""The public half of the key that signs versions for all nodes of a folder.

    nodes/update.pub                    # 64 hexadecimal digits
    nodes/shelf-1/node.toml             # gets it as update_key, unless it names one of its own

`filmgauge keys update` writes it, and another one in its place: a description has no copy of it.
"""

import os
from pathlib import Path

from msgspec.structs import replace

from filmgauge.config import key_bytes
from filmgauge_sim.nodes.description import (
    DescriptionError,
    NodeDescription,
    description_file,
)

PUBLIC_FILE = "update.pub"  # beside the folders of the nodes
_PUBLIC_BYTES = 32


def nodes_folder(path: Path) -> Path:
    """Return the folder of all nodes, of the description or the folder of one."""
    return Path(os.path.abspath(description_file(path))).parent.parent


def with_folder_key(description: NodeDescription, nodes: Path) -> NodeDescription:
    """Return a node that obeys commands with the key of its folder, unless it has its own.

    Raises DescriptionError as `read_public` does.
    """
    if not description.commands or description.update_key:
        return description
    return replace(description, update_key=read_public(nodes))


def read_public(nodes: Path) -> str:
    """Return the public half beside the nodes of a folder, "" where there is none.

    Raises DescriptionError for a file with something else.
    """
    path = nodes / PUBLIC_FILE
    try:
        text = path.read_text("utf-8").strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise DescriptionError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DescriptionError(f"{path} must be text in UTF-8") from None
    try:
        key_bytes(str(path), text, _PUBLIC_BYTES)
    except ValueError as error:
        raise DescriptionError(str(error)) from None
    return text
