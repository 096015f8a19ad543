"""Versions on the host: what is signed, what is kept, what never goes over the air."""

import ast
import hashlib
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from filmgauge.upgrade.ed25519 import is_signed
from filmgauge_host.errors import InputError
from filmgauge_host.serial import firmware_build
from filmgauge_host.upgrade.signing_key import (
    make_key,
    older_path,
    public_text,
    read_key,
)
from filmgauge_host.upgrade.version import sign
from filmgauge_host.upgrade.version_build import read_changes
from filmgauge_host.upgrade.version_folder import read_version, store_version
from filmgauge_sim.board.board_kind import Port
from filmgauge_sim.board.firmware_image import firmware_sources
from filmgauge_sim.nodes.update_key import read_public

KEY = Ed25519PrivateKey.generate()
FILES = {"profile.bin": b"p" * 1025, "app.bin": b"a" * 2048}
MADE = {"name": "0.2.0", "board": "esp32", "bytecode": "6.3"}


def nobody() -> None:
    """Feed no watchdog."""


def test_a_signature_is_one_for_the_library_of_a_pc_and_for_the_board() -> None:
    for number in range(1, 9):
        found = sign(FILES, number=number, key=KEY, **MADE).described
        public = bytes.fromhex(public_text(KEY))
        Ed25519PublicKey.from_public_bytes(public).verify(found.signature, found.signed)
        assert is_signed(public, found.signed, found.signature, nobody)
        other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        assert not is_signed(other, found.signed, found.signature, nobody)


def test_pieces_make_the_files() -> None:
    version = sign(FILES, number=1, key=KEY, **MADE)
    pieces = version.pieces()
    assert len(pieces) == version.described.pieces == 1 + 2 + 2
    assert pieces[0] == version.manifest
    assert b"".join(pieces[1:3]) == FILES["app.bin"]
    assert b"".join(pieces[3:]) == FILES["profile.bin"]
    assert version.id == hashlib.sha256(version.manifest).hexdigest()[:16]


def test_the_same_content_stays_the_same_version(tmp_path: Path) -> None:
    first, place = store_version(tmp_path, FILES, key=KEY, **MADE)
    again, _ = store_version(tmp_path, FILES, key=KEY, **MADE)
    assert again == first == read_version(place)
    more, _ = store_version(tmp_path, {**FILES, "app.bin": b"other"}, key=KEY, **MADE)
    assert more.described.number > first.described.number
    back, _ = store_version(tmp_path, FILES, key=KEY, **MADE)
    assert back.described.number > more.described.number
    other, _ = store_version(tmp_path, FILES, key=Ed25519PrivateKey.generate(), **MADE)
    assert other.described.number > back.described.number
    (place / "app.bin").write_bytes(b"a" * 2047 + b"b")
    with pytest.raises(InputError, match="is not the file of its manifest"):
        read_version(place)


def test_a_key_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "nodes" / "update.key"
    key = make_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert public_text(read_key(path)) == public_text(key) == read_public(path.parent)
    with pytest.raises(InputError, match="is there already"):
        make_key(path)
    assert public_text(make_key(path, replace=True)) != public_text(key)
    older = older_path(path, key)  # nodes that know it take no other
    assert public_text(read_key(older)) == public_text(key)
    path.chmod(0o640)
    with pytest.raises(InputError, match="may be read by others"):
        read_key(path)
    path.write_bytes(b"nothing")
    path.chmod(0o600)
    with pytest.raises(InputError, match="is no Ed25519 key"):
        read_key(path)
    assert read_public(tmp_path) == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('wifi_password = "w"', "wifi_password does not go over the air"),
        ('node = "other"', "node does not go over the air"),
        ("sample_s = 0", "sample_s must be an integer from 1 to 86400, not 0"),
        ("sample_s = true", "sample_s must be an integer"),
        ("wifi_ssid = 1", "wifi_ssid must be text"),
        ("ble_advertise_ms = 0", "ble_advertise_ms would leave the node without a way out"),
        ("ble_connected_ms = 0", "ble_connected_ms would leave the node without a way out"),
        ('mqtt_host = ""', "mqtt_host would leave the node without a way out"),
        ('wifi_ssid = ""', "wifi_ssid would leave the node without a way out"),
        ('update_key = "00"', "update_key must be 64 hexadecimal digits"),
        ("sample = 1", "a node's configuration has no key sample, did you mean sample_s"),
        ("", "must have one key at least"),
        ("=", "is neither TOML nor JSON"),
    ],
)
def test_changes_that_do_not_go(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "changes.toml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_changes(path)
    assert reason.partition(",")[0] in str(error.value)


def imported(text: str) -> set[str]:
    """Return the paths of what a module may import, wherever it does."""
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    names = {node.module or "" for node in found}
    names |= {f"{node.module}.{alias.name}" for node in found for alias in node.names}
    return {name.replace(".", "/") + ".py" for name in names}


@pytest.mark.parametrize("port", ["esp32", "rp2", "stm32"])
def test_what_is_left_out_is_imported_by_no_module_of_the_port(port: Port) -> None:
    sources = firmware_sources()
    left_out = {path for path in sources if path.startswith(firmware_build.foreign_to(port))}
    assert left_out
    wanted = {
        (path, name)
        for path, text in sources.items()
        if path not in left_out
        for name in imported(text) & left_out
        if path != "filmgauge/board/__init__.py"  # which chooses
    }
    assert not wanted
    kept = {path.removesuffix(".mpy") for path in firmware_build.modules_of_port(port)}
    assert not kept & {path.removesuffix(".py") for path in left_out}
