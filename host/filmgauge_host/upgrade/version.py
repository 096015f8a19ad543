"""A version of the firmware: its files, the signed manifest that describes them, its pieces.

version = sign(files, number=1764428400, name="0.2.0", board="esp32", bytecode="6.3", key=key)
version.id, version.pieces()        # of the topics filmgauge/firmware/<id>/<n>
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from filmgauge.upgrade.manifest import NAMES, PIECE, Manifest
from filmgauge_host.errors import InputError
from filmgauge_sim.board.board_kind import Port

_ID_DIGITS = 16
BOARD_NAMES: dict[Port, str] = {"esp32": "esp32", "rp2": "rp2", "stm32": "stm32wb"}  # as it has


@dataclass(frozen=True)
class Version:
    """A version as it is sent. files: name -> content, in the order of the manifest."""

    manifest: bytes
    files: Mapping[str, bytes]

    @property
    def described(self) -> Manifest:
        """Its manifest, read as a node reads it."""
        return Manifest(self.manifest)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the manifest, by which a version is ordered."""
        return hashlib.sha256(self.manifest).digest()

    @property
    def id(self) -> str:
        """What it is called in topics."""
        return self.digest.hex()[:_ID_DIGITS]

    @property
    def has_settings(self) -> bool:
        """Whether it has a configuration or a profile, which a command may change again."""
        return any(name != "app.bin" for name in self.files)

    def pieces(self) -> list[bytes]:
        """Return what is sent, the manifest first."""
        return [
            self.manifest,
            *(
                content[at : at + PIECE]
                for content in self.files.values()
                for at in range(0, len(content), PIECE)
            ),
        ]


def sign(
    files: Mapping[str, bytes],
    *,
    number: int,
    name: str,
    board: str,
    bytecode: str,
    key: Ed25519PrivateKey,
) -> Version:
    """Return a signed version. Raises InputError for what no node would take."""
    ordered = {each: files[each] for each in NAMES if each in files}
    lines = [
        "filmgauge-version 1",
        f"number {number}",
        f"version {name}",
        f"board {board}",
        f"bytecode {bytecode}",
        *(
            f"file {each} {len(content)} {hashlib.sha256(content).hexdigest()}"
            for each, content in ordered.items()
        ),
        "",
    ]
    signed = "\n".join(lines).encode()
    manifest = signed + f"signature {key.sign(signed).hex()}\n".encode()
    try:
        Manifest(manifest)
    except ValueError as error:
        raise InputError(str(error)) from None
    return Version(manifest, ordered)
