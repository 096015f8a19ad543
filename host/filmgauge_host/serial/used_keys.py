"""Which keys a board has run with already: kept beside what is flashed, as hashes.

A board that comes with nothing on it may have counted messages under these keys before. It can be
called new with keys that no board has had. They are written before a board may run with them.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from filmgauge.config import KEYS
from filmgauge_host.atomic_file import Content, write_all
from filmgauge_host.errors import InputError


class UsedKeys:
    """The file `used_keys` in a folder; InputError where it cannot be read."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "used_keys"
        try:
            text = self._path.read_text() if self._path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{self._path} cannot be read: {error}") from None
        self._hashes = set(text.split())

    def are_new(self, configuration: Mapping[str, object]) -> bool:
        """Whether no board has had any of the keys of a configuration."""
        return self._hashes.isdisjoint(key_hashes(configuration).values())

    def add(self, configuration: Mapping[str, object]) -> None:
        """Note that a board has them. Raises FilmgaugeError where that cannot be written."""
        hashes = self._hashes.union(key_hashes(configuration).values())
        if hashes != self._hashes:
            self._hashes = hashes
            text = "".join(f"{each}\n" for each in sorted(hashes))
            write_all({self._path: Content(text.encode(), 0o600)})


def key_hashes(configuration: Mapping[str, object]) -> dict[str, str]:
    """Return the hashes of the keys that a configuration has, by their names."""
    keys = {name: str(configuration.get(name) or "").lower() for name in KEYS}
    return {name: hashlib.sha256(key.encode()).hexdigest() for name, key in keys.items() if key}
