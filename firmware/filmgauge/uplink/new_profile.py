"""Puts a profile that comes in parts into the place of the old one: whole and right, or not.

text = add_part("/profile.bin", offset, total, part)    # ValueError: one sentence
"""

import os

from filmgauge.gauge.profile import Profile


def add_part(path: str, offset: int, total: int, part: bytes) -> str:
    """Add a part to those before, which stay in flash over any number of wakes; with the last one
    the profile takes its place in one step, to be used from the next boot on. Return what to say.
    OSError from flash."""
    collected = path + ".part"
    size = _size(collected) if offset else 0
    if offset != size:
        raise ValueError("offset must be %d or 0, not %d" % (size, offset))
    with open(collected, "ab" if offset else "wb") as file:
        file.write(part)
    if offset + len(part) < total:
        return "%d of %d" % (offset + len(part), total)
    try:
        with open(collected, "rb") as file:
            profile = Profile.from_bytes(file.read())
    except ValueError:
        os.remove(collected)
        raise
    os.rename(collected, path)
    return "profile %s, used after the next boot" % profile.name


def _size(path):
    try:
        return os.stat(path)[6]
    except OSError:
        return 0
