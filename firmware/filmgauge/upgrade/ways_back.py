"""What a trial keeps of the version before, at the root: see launch.py, which has these names too.

Any other file there with such an ending is somebody else's.
"""

from filmgauge.compat import names_in

_EXCHANGED = ("config.json", "profile.bin", "ca.der", "client.der", "client.key", "app.bin")


def ways_back(root: str = "/") -> "list[str]":
    """Return the names of the files that are switched back to."""
    kept = [name + end for name in _EXCHANGED for end in (".old", ".none")]
    return [name for name in names_in(root) if name in kept]
