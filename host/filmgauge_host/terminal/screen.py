"""Whether what is drawn in its place, as a table that changes, can be shown at all."""

import os
from typing import TextIO

_WITHOUT_CURSOR = ("", "dumb", "unknown")


def can_draw(stream: TextIO) -> bool:
    """Return whether a stream is a terminal whose cursor moves: one that has no kind (TERM) is a
    serial console or an editor's, say, and shows every sign that would move it."""
    return stream.isatty() and os.environ.get("TERM", "").lower() not in _WITHOUT_CURSOR
