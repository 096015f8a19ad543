"""Names that do not belong to the firmware: of built-in types and modules, and of the ports.

What has such a name in the firmware keeps it: in `x.append` nobody sees whose method is meant.
"""

import array
import io
import re
import socket
from collections.abc import Generator
from functools import cache
from importlib import import_module
from pathlib import Path

_SHIMS = Path(__file__).resolve().parent / "shims"  # which stand in for a port's modules
_MODULES = (
    "asyncio",
    "binascii",
    "gc",
    "hashlib",
    "json",
    "os",
    "random",
    "select",
    "socket",
    "struct",
    "sys",
    "time",
)
_TYPES = (
    *(bytearray, bytes, dict, float, int, list, memoryview, range, set, str, tuple),
    *(OSError, StopIteration, Generator),
    *(array.array, io.BytesIO, io.StringIO, socket.socket),
)
_ONLY_THERE = frozenset({"encrypt", "decrypt", "reason"})  # in modules that no shim stands in for


@cache
def foreign_names() -> frozenset[str]:
    """Return the names, and whatever else the texts of the shims speak of."""
    known = {name for each in (*map(import_module, _MODULES), *_TYPES) for name in dir(each)}
    texts = (path.read_text() for path in _SHIMS.rglob("*.py"))
    spoken = {word for text in texts for word in re.findall(r"\w+", text)}
    public = {word for word in spoken if not word.startswith("_")}
    return _ONLY_THERE | known | public
