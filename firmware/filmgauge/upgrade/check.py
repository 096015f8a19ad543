"""Checks a version that is whole: called by the launcher before anything else is loaded.

    reason = check(feed, device)        # None: it may take the place of what runs

The signature is checked with the key of the configuration in force; each file by its SHA-256.
"""

import json
import os
from binascii import unhexlify
from hashlib import sha256

import filmgauge
from filmgauge import config_copy
from filmgauge.compat import const
from filmgauge.config import Config
from filmgauge.upgrade.ed25519 import is_signed
from filmgauge.upgrade.manifest import Manifest
from filmgauge.upgrade.staging import FOLDER, MANIFEST, VERIFIED, path_of

_CONFIG = "/config.json"
WAYS_OUT = ("wifi_ssid", "mqtt_host", "ble_advertise_ms", "ble_connected_ms")
_HAS_DEFAULT = const("ble_connected_ms")  # of them: the one that works without being there
_CHUNK = const(512)
_FEED_MASK = const(0x1E00)  # once in 16 chunks


def check(feed, device) -> "str | None":
    """Return why a version is refused; None after the file `verified` has been written. `device`
    is of config_copy.py. OSError from flash, ValueError where a file is not what it should be."""
    config = json.loads(config_copy.current(_CONFIG, device))
    with open(MANIFEST, "rb") as file:
        manifest = Manifest(file.read())
    key = unhexlify(config.get("update_key", ""))
    if not is_signed(key, manifest.signed, manifest.signature, feed):
        return "the signature is not that of update_key"
    buffer = bytearray(_CHUNK)
    for name, size, digest in manifest.files:
        if _digest(path_of(name), size, buffer, feed) != digest:
            return "the SHA-256 of %s is not the one of the manifest" % name
        if name == "config.json":
            wrong = _merge(config, path_of(name), manifest.files[0][0] != "app.bin")
            if wrong:
                return wrong
    values = {
        "number": manifest.number,
        "version": manifest.version,
        "previous": filmgauge.VERSION,
    }
    _write(VERIFIED, json.dumps(values).encode())
    return None


def _digest(path, size, buffer, feed):
    """Return the SHA-256 of a file of `size` bytes, None where it has others."""
    feed()
    found = sha256()
    view = memoryview(buffer)
    with open(path, "rb") as file:
        while True:
            if not size & _FEED_MASK:
                feed()
            count = file.readinto(buffer)
            if not count:
                return None if size else found.digest()
            size -= count
            found.update(view[:count])


def _merge(config, path, is_own):
    """Write the configuration with its changes; null takes a key away. Secrets and all else that
    the version does not bring stay as they are. Return what is wrong, with nothing written: a
    change by which the node could not be reached any more, or, where this firmware stays (is_own),
    one that it does not read."""
    with open(path, "rb") as file:
        changes = json.loads(file.read())
    for name in changes:
        if name in WAYS_OUT and not changes[name] and config.get(name, name == _HAS_DEFAULT):
            return name + " would leave the node without a way out"
        if changes[name] is None:
            config.pop(name, None)
        else:
            config[name] = changes[name]
    merged = json.dumps(config)
    if is_own:
        try:
            Config.from_json(merged)
        except ValueError as error:
            return str(error)
    _write(FOLDER + _CONFIG, config_copy.sealed(merged.encode()))
    return None


def _write(path, data):
    with open(path + ".new", "wb") as file:
        file.write(data)
    os.rename(path + ".new", path)
