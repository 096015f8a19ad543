"""Which announcements are due: of a node that is new, and of one that is another by now.

A changed announcement makes Home Assistant forget that the values are fresh: they are unavailable
until the next report. So none is changed for a little, nor for a longer interval while the values
still hold; for that it is changed when they have run out.
"""

from dataclasses import dataclass, replace

from filmgauge_host.telemetry.homeassistant.discovery import (
    AnnouncedNode,
    discovery_payload,
    expire_after_s,
)

_SHORTER = 0.5  # of the announced expiry: a node that reports so much more often is late sooner


@dataclass(frozen=True, slots=True)
class _Announced:
    node: AnnouncedNode
    expire_s: int


class Announcements:
    """The announcements of all nodes, as last published."""

    def __init__(self) -> None:
        self._announced: dict[str, _Announced] = {}

    def due(self, node: AnnouncedNode, silence_s: float) -> bytes | None:
        """Return what is to be published of a node now, None while nothing is.

        silence_s: seconds since its last report.
        """
        expire_s = expire_after_s(node)
        before = self._announced.get(node.name)
        if before is not None and _without_interval(before.node) == _without_interval(node):
            if before.expire_s * _SHORTER <= expire_s <= before.expire_s:
                return None
            if expire_s > before.expire_s and silence_s < before.expire_s:
                return None
        self._announced[node.name] = _Announced(node, expire_s)
        return discovery_payload(node)

    def discard(self, name: str) -> None:
        """Let a node be due when it is passed to `due` again."""
        self._announced.pop(name, None)

    def forget(self) -> None:
        """Let all be due again: the broker may have lost them."""
        self._announced.clear()


def _without_interval(node: AnnouncedNode) -> AnnouncedNode:
    return replace(node, next_report_s=None)
