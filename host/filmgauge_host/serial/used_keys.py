"""Which keys a board has had already: kept beside what is flashed, as hashes.

A board that comes with nothing on it may have counted messages under these keys before. It can be
called new with keys that no board has had.
"""

import hashlib
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

    def are_new(self, configuration: dict[str, object]) -> bool:
        """Whether no board has had any of the keys of a configuration."""
        return not self._hashes & _hashes(configuration)

    def add(self, configuration: dict[str, object]) -> None:
        """Note that a board has them. Raises FilmgaugeError where that cannot be written."""
        hashes = self._hashes | _hashes(configuration)
        if hashes != self._hashes:
            self._hashes = hashes
            text = "".join(f"{each}\n" for each in sorted(hashes))
            write_all({self._path: Content(text.encode(), 0o600)})


def _hashes(configuration: dict[str, object]) -> set[str]:
    keys = [str(configuration.get(name) or "").lower() for name in KEYS]
    return {hashlib.sha256(key.encode()).hexdigest() for key in keys if key}
