"""Who was heard: the last advertisement of each address, decoded and checked."""

from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from filmgauge_host.ble.advert import Advert, AdvertError, decode
from filmgauge_host.ble.node_registry import KnownNodes

_REMEMBERED = 1000  # addresses; who was heard longest ago is forgotten first
_REASONS = 200
_UNCOUNTED = 100  # counters below may fall: a node that has just been set up (bthome.io)


@dataclass(frozen=True, slots=True)
class HeardNode:
    """The last good advertisement of a node. at_s: of the loop's clock."""

    device: BLEDevice
    advert: Advert
    at_s: float
    name: str
    command_key: bytes | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """Where it is heard from."""
        return self.device.address


class DiscoveredNodes:
    """Takes advertisements. refused: reasons and how often; heard: all that were a node's."""

    def __init__(self, known: KnownNodes) -> None:
        self.known = known
        self.heard = 0
        self.refused: Counter[str] = Counter()
        self._nodes: OrderedDict[str, HeardNode] = OrderedDict()

    def __iter__(self) -> Iterator[HeardNode]:
        return iter(self._nodes.values())

    def take(self, device: BLEDevice, data: AdvertisementData, at_s: float) -> HeardNode | None:
        """Return the node that advertises, None for another device or a refused advertisement."""
        known = self.known.find(device.address, data.local_name)
        try:
            advert = decode(device.address, data, known.ble_key if known else None)
            if advert is None or (advert.identity is None and known is None):
                return None  # a thermometer, say
            before = self._nodes.get(device.address)
            if before is not None:
                _check_counter(before.advert, advert)
        except AdvertError as error:
            self._refuse(str(error))
            return None
        self.heard += 1
        name = known.name if known else advert.name or device.address
        command_key = known.command_key if known else None
        node = HeardNode(device, advert, at_s, name, command_key)
        self._nodes[device.address] = node
        self._nodes.move_to_end(device.address)
        while len(self._nodes) > _REMEMBERED:
            self._nodes.popitem(last=False)
        return node

    def _refuse(self, reason: str) -> None:
        if reason in self.refused or len(self.refused) < _REASONS:
            self.refused[reason] += 1
        else:
            self.refused["other reasons"] += 1


def _check_counter(before: Advert, now: Advert) -> None:
    """Raise AdvertError for an encryption counter that was used before."""
    if before.counter is None or now.counter is None:
        return
    if _UNCOUNTED <= now.counter < before.counter:
        raise AdvertError("advertisement is an old one, replayed: its counter fell")
