"""Which source computes: the same on every machine whose numbers are to be put together."""

import hashlib
from functools import cache
from pathlib import Path

import filmgauge

_FOLDERS = (Path(next(iter(filmgauge.__path__))), Path(__file__).resolve().parents[1])
_SUFFIXES = (".py", ".toml", ".csv")
_BESIDE = "_launcher"  # of a wheel only: what stands beside the firmware's package in the tree


@cache
def source_digest(*_functions: object) -> str:
    """Return the SHA-256 of the source and the data of the firmware and the simulation, in hex.

    functions: what is to run here; a process that is sent them has to import their modules.
    """
    digest = hashlib.sha256()
    for folder in _FOLDERS:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if path.suffix in _SUFFIXES and name.parts[0] != _BESIDE:
                digest.update(f"{folder.name}/{name.as_posix()}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
