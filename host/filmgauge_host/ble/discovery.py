"""Which nodes advertise: the last advertisement of each address, decoded and checked."""

from collections import Counter, OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from filmgauge_host.ble.advert import Advert, AdvertError, decode
from filmgauge_host.ble.advert_counters import AdvertCounters, AdvertCountersInMemory
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
    """Takes in advertisements. refused: reasons and how often; accepted: those of nodes. counters:
    of encrypted ones, those of this process where there are none."""

    def __init__(self, registry: NodeRegistry, counters: AdvertCounters | None = None) -> None:
        self.registry = registry
        self._counters = counters or AdvertCountersInMemory()
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
        try:
            match = self._match(device.address, data)
        except AdvertError as error:
            self.refuse(str(error))
            return None
        if match is None:
            return None
        advert, entry, ble_key = match
        self.accepted += 1
        node = DiscoveredNode(device, advert, at_s, entry, ble_key)
        self._nodes[device.address] = node
        self._nodes.move_to_end(device.address)
        while len(self._nodes) > _REMEMBERED:
            self._nodes.popitem(last=False)
        return node

    def is_proven(self, address: str, entry: RegisteredNode) -> bool:
        """Return whether an address is that of a node with a `ble_key`: it is written, or what
        came from there was under the key."""
        saved = [self._counters.advert_counter(address, key) for key in entry.ble_keys]
        return address == entry.address or any(counter is not None for counter in saved)

    def _match(
        self, address: str, data: AdvertisementData
    ) -> tuple[Advert, RegisteredNode | None, bytes | None] | None:
        """Return an advertisement, whose it is and the key that has opened it; None for another
        device. Raises AdvertError for what is not believed."""
        candidates = self.registry.candidates(address, data.local_name)
        left, refusal = [], None
        for entry in candidates:
            if not entry.ble_keys:
                left.append(entry)
            for key in entry.ble_keys:
                try:
                    advert = decode(address, data, key)
                except AdvertError as error:
                    refusal = error
                    continue
                if advert is None:
                    return None
                if advert.counter is not None:
                    self._check_counter(address, key, advert.counter)
                    return advert, _whose([entry]), key
                if self.is_proven(address, entry):
                    left.append(entry)
                else:
                    refusal = AdvertError(
                        f"{address} says it is {entry.name} and does not prove it by its ble_key"
                    )
                break
        if candidates and not left and refusal is not None:
            raise refusal
        advert = decode(address, data)
        if advert is None or (advert.identity is None and not candidates):
            return None  # a thermometer, say
        return advert, _whose(left), None

    def _check_counter(self, address: str, key: bytes, counter: int) -> None:
        """Raise AdvertError for an encryption counter that was used before; keep a new one."""
        last = self._counters.advert_counter(address, key)
        if last is not None and _UNCOUNTED <= counter < last:
            raise AdvertError("advertisement is an old one, replayed: its counter fell")
        if counter != last:
            self._counters.save_advert_counter(address, key, counter)

    def refuse(self, reason: str) -> None:
        """Count an advertisement that is not used, by its reason."""
        if reason in self.refused or len(self.refused) < _REASONS:
            self.refused[reason] += 1
        else:
            self.refused["other reasons"] += 1


def _whose(candidates: list[RegisteredNode]) -> RegisteredNode | None:
    """Return the one that an advertisement is of, None where it may be several's. Raises
    AdvertError where all of them are revoked."""
    left = [each for each in candidates if not each.revoked]
    if candidates and not left:
        raise AdvertError(f"{candidates[0].name} is revoked")
    return candidates[0] if len(candidates) == 1 else None
