"""Changes keys of the configuration in flash: all of a change or nothing of it.

count = change(b'{"sample_s": 60}', "/config.json")     # ValueError: one sentence on what is wrong
"""

import json
import os

from filmgauge.config import Config


def change(text: bytes, path: str) -> int:
    """Merge an object of keys into the configuration; return how many. null takes a key away.

    The new one is written beside the old and takes its place in one step. OSError from flash.
    """
    try:
        changes = json.loads(text)
    except (ValueError, UnicodeError):
        raise ValueError("configuration is not JSON") from None
    if not isinstance(changes, dict):
        raise ValueError("configuration must be a JSON object")
    with open(path, "rb") as file:
        values = json.loads(file.read())
    for name in changes:
        if changes[name] is None:
            values.pop(name, None)
        else:
            values[name] = changes[name]
    merged = json.dumps(values)
    Config.from_json(merged)
    with open(path + ".new", "wb") as file:
        file.write(merged.encode())
    os.rename(path + ".new", path)
    return len(changes)
