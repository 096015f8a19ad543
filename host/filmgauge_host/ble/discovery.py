"""Which nodes advertise: the last advertisement of each address, decoded and checked."""

from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from filmgauge_host.ble.advert import Advert, AdvertError, decode
from filmgauge_host.ble.node_registry import NodeRegistry, RegisteredNode, is_short_for
from filmgauge_host.errors import InputError

_REMEMBERED = 1000  # addresses; who was heard longest ago is forgotten first
_REASONS = 200
_UNCOUNTED = 100  # counters below may fall: a node that has just been set up (bthome.io)


@dataclass(frozen=True, slots=True)
class DiscoveredNode:
    """The last good advertisement of a node. at_s: of the loop's clock. entry: what the user has
    written of it, by its address or else by the advertised name, which may be another's."""

    device: BLEDevice
    advert: Advert
    at_s: float
    entry: RegisteredNode | None = None
    ble_key: bytes | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """As the user has written it, or else as it is advertised."""
        return self.entry.name if self.entry else self.advert.name or self.address

    @property
    def address(self) -> str:
        """Where it is heard from."""
        return self.device.address

    def is_called(self, target: str) -> bool:
        """Whether this may be the node that a user means who writes `target`, a name or an
        address: a name is cut where it is advertised."""
        if target in (self.name, self.address):
            return True
        return self.entry is None and is_short_for(self.advert.name, target)


class DiscoveredNodes:
    """Takes in advertisements. refused: reasons and how often; accepted: those of nodes."""

    def __init__(self, registry: NodeRegistry) -> None:
        self.registry = registry
        self.accepted = 0
        self.refused: Counter[str] = Counter()
        self._nodes: OrderedDict[str, DiscoveredNode] = OrderedDict()

    def __iter__(self) -> Iterator[DiscoveredNode]:
        return iter(list(self._nodes.values()))  # another thread draws them

    def add(
        self, device: BLEDevice, data: AdvertisementData, at_s: float
    ) -> DiscoveredNode | None:
        """Return the node that advertises, None for another device or a refused advertisement."""
        try:
            self.registry.refresh()
        except InputError as error:
            self.refuse(str(error))
        entry = self.registry.find(device.address, data.local_name)
        if entry is not None and entry.revoked:
            self.refuse(f"{entry.name} is revoked")
            return None
        try:
            advert, ble_key = _opened(device.address, data, entry)
            if advert is None or (advert.identity is None and entry is None):
                return None  # a thermometer, say
            before = self._nodes.get(device.address)
            if before is not None and before.ble_key == ble_key:
                _check_counter(before.advert, advert)
        except AdvertError as error:
            self.refuse(str(error))
            return None
        self.accepted += 1
        node = DiscoveredNode(device, advert, at_s, entry, ble_key)
        self._nodes[device.address] = node
        self._nodes.move_to_end(device.address)
        while len(self._nodes) > _REMEMBERED:
            self._nodes.popitem(last=False)
        return node

    def refuse(self, reason: str) -> None:
        """Count an advertisement that is not used, by its reason."""
        if reason in self.refused or len(self.refused) < _REASONS:
            self.refused[reason] += 1
        else:
            self.refused["other reasons"] += 1


def _opened(
    address: str, data: AdvertisementData, entry: RegisteredNode | None
) -> tuple[Advert | None, bytes | None]:
    """Return an advertisement and the key that opens it: one of two while it is changed."""
    if entry is None or entry.ble_key is None:
        return decode(address, data, None), None
    try:
        return decode(address, data, entry.ble_key), entry.ble_key
    except AdvertError:
        if entry.ble_key_next is None:
            raise
        return decode(address, data, entry.ble_key_next), entry.ble_key_next


def _check_counter(before: Advert, now: Advert) -> None:
    """Raise AdvertError for an encryption counter that was used before."""
    if before.counter is None or now.counter is None:
        return
    if _UNCOUNTED <= now.counter < before.counter:
        raise AdvertError("advertisement is an old one, replayed: its counter fell")
