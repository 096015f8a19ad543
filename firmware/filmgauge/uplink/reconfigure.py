"""Changes keys of the configuration in flash: all of a change or nothing of it.

count = change(b'{"sample_s": 60}', "/config.json")     # ValueError: one sentence on what is wrong
"""

import json

from filmgauge import config_copy
from filmgauge.config import Config


def change(text: bytes, path: str, device=None) -> int:
    """Merge an object of keys into the configuration; return how many. null takes a key away.

    device: as of config_copy.py, which writes it. OSError from flash.
    """
    try:
        changes = json.loads(text)
    except (ValueError, UnicodeError):
        raise ValueError("configuration is not JSON") from None
    if not isinstance(changes, dict):
        raise ValueError("configuration must be a JSON object")
    values = json.loads(config_copy.current(path, device))
    for name in changes:
        if changes[name] is None:
            values.pop(name, None)
        else:
            values[name] = changes[name]
    merged = json.dumps(values)
    Config.from_json(merged)
    config_copy.save(merged.encode(), path, device)
    return len(changes)
