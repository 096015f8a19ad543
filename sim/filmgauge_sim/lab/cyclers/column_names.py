"""A column's name taken apart into what it names and its unit, however the file writes it.

"Test Time / s", "Voltage(V)", "U[V]", "<I>/mA", "Current#A", "U,V", "net_capacity_ah"
"""

import re
from collections.abc import Iterator

_OTHER = re.compile(r"[^0-9a-z\u4e00-\u9fff]+")
_BRACKETS = re.compile(r"^(.*?)\s*[(\[]([^()\[\]]*)[)\]]\s*$")
_SLASH = re.compile(r"^(.*?)\s*/\s*([^/]+(?:/cm(?:\^?2|²))?)$")
_SEPARATED = re.compile(r"^(.*?)\s*[#,]\s*([^#,]+)$")
_MACHINE = re.compile(r"^(\w+)_([A-Za-z]+)$")
_MACHINE_HOURS = re.compile(r"^(\w+)_(\w*ampere_hour)$")


def slug(name: str) -> str:
    """What two spellings of one name have in common: lower case, other signs one blank."""
    return _OTHER.sub(" ", name.lower()).strip()


def readings(name: str) -> Iterator[tuple[str, str | None]]:
    """Every way to read a column's name: slug of what it names, and the text of its unit.

    What is likelier comes first, the whole name without a unit last.
    """
    text = name.strip()
    for pattern in (_BRACKETS, _SLASH, _SEPARATED, _MACHINE_HOURS, _MACHINE):
        found = pattern.match(text)
        if found and slug(found[1]):
            yield slug(found[1]), found[2]
    yield slug(text), None
