"""The shared medium: who hears whom, what is lost, and the events of connections."""

import asyncio
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from bumble import core, hci, ll
from bumble.controller import Controller
from bumble.link import LocalLink

_INTERVAL_S = 1.25e-3  # unit of a connection interval
_TIMEOUT_S = 10e-3  # unit of a supervision timeout
_CHECKS = 4  # a timeout, whether the peers still hear each other
_AT_ONE_METRE_DBM = -45.0  # assumed: 0 dBm sent, small antennas on both sides
_EXPONENT = 2.0  # free space
_SENSITIVITY_DBM = -95.0  # assumed: usual for 1 Mbit/s
_NEAREST_M = 0.1


@dataclass
class Positions:
    """Positions in metres by address ('C1:02:...'); a device that has none is at the origin."""

    at_m: dict[str, tuple[float, float]] = field(default_factory=dict)

    def add_address(self, name: str, address: str) -> None:
        """Let a device be where the node of this name was put."""
        if name in self.at_m:
            self.at_m[address] = self.at_m[name]

    def rssi_dbm(self, one: str, other: str) -> float:
        """Return what each receives of the other: path loss over distance."""
        origin = (0.0, 0.0)
        away_m = math.dist(self.at_m.get(one, origin), self.at_m.get(other, origin))
        return _AT_ONE_METRE_DBM - 10 * _EXPONENT * math.log10(max(away_m, _NEAREST_M))

    def in_reach(self, one: str, other: str) -> bool:
        """Return whether they are within reach of each other."""
        return self.rssi_dbm(one, other) >= _SENSITIVITY_DBM


class AdvertisementReceiver(Protocol):
    """A controller that can be told how strong a signal was."""

    def receive_advertisement(self, packet: ll.AdvertisingPdu, rssi_dbm: int) -> None: ...


@dataclass
class _Way:
    """One direction of a connection: what waits is delivered in order at its events."""

    waiting: deque[Callable[[], None]] = field(default_factory=deque)
    scheduled: bool = False


class AirConnection:
    """Two controllers with a connection; ends by supervision timeout when they lose each other."""

    def __init__(
        self, link: "AirLink", central: Controller, peripheral: Controller, pdu: ll.ConnectInd
    ) -> None:
        self.link, self.ends = link, (central, peripheral)
        self.interval_s = pdu.interval * _INTERVAL_S
        self.timeout_s = pdu.timeout * _TIMEOUT_S
        self._addresses = (pdu.initiator_address, pdu.advertiser_address)
        self._sides: list[Any] = [None, None]
        self._ways = {central: _Way(), peripheral: _Way()}
        self._loop = asyncio.get_running_loop()
        self._begun_s = self._in_reach_s = self._loop.time()
        self._loop.call_later(self.timeout_s / _CHECKS, self._supervise)

    @property
    def is_alive(self) -> bool:
        """Whether one of both ends still believes in it."""
        return any(self._connection(at) for at in (0, 1))

    def joins(self, end: Controller, peer: hci.Address) -> bool:
        """Return whether it is the living connection of one end with a peer."""
        return end in self.ends and self.is_alive and peer in self._addresses

    def send(self, sender: Controller, deliver: Callable[[], None]) -> None:
        """Deliver at the next connection event that is not lost."""
        way = self._ways[sender]
        way.waiting.append(deliver)
        self._schedule(way)

    def update(self, pdu: ll.ConnectionUpdateInd) -> None:
        """Have other parameters from the next event on."""
        now_s = self._loop.time()
        past = int((now_s - self._begun_s) / self.interval_s + 1e-6)
        self._begun_s += past * self.interval_s
        self.interval_s, self.timeout_s = pdu.interval * _INTERVAL_S, pdu.timeout * _TIMEOUT_S

    def _schedule(self, way: _Way) -> None:
        if way.waiting and not way.scheduled:
            way.scheduled = True
            past = int((self._loop.time() - self._begun_s) / self.interval_s + 1e-6)
            at_s = self._begun_s + (past + 1) * self.interval_s
            self._loop.call_at(at_s, self._event, way)

    def _event(self, way: _Way) -> None:
        way.scheduled = False
        if not self.is_alive:
            return
        if self._in_reach() and not self.link.loses():
            while way.waiting:
                way.waiting.popleft()()
        self._schedule(way)

    def _supervise(self) -> None:
        """Remember that both hear each other, or end the connection on both sides."""
        if not self.is_alive:
            self.link.forget(self)
            return
        now_s = self._loop.time()
        if self._in_reach():
            self._in_reach_s = now_s
        if now_s - self._in_reach_s >= self.timeout_s - 1e-9:
            for at, end in enumerate(self.ends):
                connection = self._connection(at)
                if connection is not None:
                    end.on_le_disconnected(connection, hci.HCI_CONNECTION_TIMEOUT_ERROR)
            self.link.forget(self)
            return
        self._loop.call_later(self.timeout_s / _CHECKS, self._supervise)

    def _connection(self, at: int) -> Any:
        """Return one end's side of this connection: not of a later one of the same two."""
        now = self.ends[at].le_connections.get(self._addresses[1 - at])
        if self._sides[at] is None:
            self._sides[at] = now
        return now if now is self._sides[at] else None

    def _in_reach(self) -> bool:
        link = self.link
        present = all(end in link.controllers for end in self.ends)
        alive = all(self._connection(at) for at in (0, 1))
        return present and alive and link.in_reach(*self._addresses)


class AirLink(LocalLink):
    """A link that loses advertisements and connection events with probability `loss`, by seed."""

    def __init__(self, seed: int, loss: float = 0.0, positions: Positions | None = None) -> None:
        if not 0 <= loss <= 1:
            raise ValueError(f"loss must be 0 to 1, not {loss}")
        super().__init__()
        self.loss = loss
        self.positions = positions or Positions()
        self.random = random.Random(f"{seed} air")
        self.controllers = {}  # type: ignore[assignment]  ordered, so that a seed is a run
        self.connections: list[AirConnection] = []

    def add_controller(self, controller: Controller) -> None:
        self.controllers[controller] = None  # type: ignore[index]

    def remove_controller(self, controller: Controller) -> None:
        self.controllers.pop(controller, None)  # type: ignore[call-arg, attr-defined]

    def loses(self) -> bool:
        """Draw whether something is lost."""
        return self.random.random() < self.loss

    def in_reach(self, one: hci.Address, other: hci.Address) -> bool:
        """Return whether two are within reach of each other."""
        return self.positions.in_reach(_plain(one), _plain(other))

    def interval_s(self, end: Controller, peer: hci.Address) -> float:
        """Return the interval of a connection: bumble tells the peripheral a fixed one."""
        found = [each.interval_s for each in self.connections if each.joins(end, peer)]
        return found[-1]

    def forget(self, connection: AirConnection) -> None:
        """Drop a connection that is over."""
        self.connections.remove(connection)

    def send_advertising_pdu(
        self, sender_controller: Controller, packet: ll.AdvertisingPdu
    ) -> None:
        if isinstance(packet, ll.ConnectInd):
            self._connect(sender_controller, packet)
            return
        sender: hci.Address = getattr(packet, "advertiser_address")  # noqa: B009
        for controller in list(self.controllers):
            own = _address(controller)
            if controller is sender_controller or not self.in_reach(sender, own):
                continue
            if self.loses():
                continue
            rssi_dbm = round(self.positions.rssi_dbm(_plain(sender), _plain(own)))
            receiver: AdvertisementReceiver = controller  # type: ignore[assignment]
            asyncio.get_running_loop().call_soon(receiver.receive_advertisement, packet, rssi_dbm)

    def _connect(self, central: Controller, packet: ll.ConnectInd) -> None:
        peripheral = self.find_le_controller(packet.advertiser_address)
        if peripheral is not None:
            peripheral.on_le_connect_ind(packet)
            self.connections.append(AirConnection(self, central, peripheral, packet))

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: core.PhysicalTransport,
        data: bytes,
    ) -> None:
        connection = sender_controller.le_connections.get(destination_address)
        receiver = self.find_le_controller(destination_address)
        if connection is None or receiver is None:
            return
        # Stock bumble gives the random address as the sender's, whatever it has connected with.
        deliver = partial(receiver.on_link_acl_data, connection.self_address, transport, data)
        self._send(sender_controller, receiver, deliver)

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        sender = self.find_le_controller(sender_address)
        receiver = self.find_le_controller(receiver_address)
        if sender is None or receiver is None:
            return  # it is gone: the supervision timeout will tell
        if isinstance(packet, ll.TerminateInd):  # the sender forgets the connection at once
            asyncio.get_running_loop().call_soon(
                receiver.on_ll_control_pdu, sender_address, packet
            )
            return
        if isinstance(packet, ll.ConnectionUpdateInd):
            for connected in self.connections:
                if sender in connected.ends and receiver in connected.ends:
                    connected.update(packet)
        self._send(sender, receiver, partial(receiver.on_ll_control_pdu, sender_address, packet))

    def _send(self, sender: Controller, receiver: Controller, deliver: Callable[[], None]) -> None:
        for connected in self.connections:
            if sender in connected.ends and receiver in connected.ends and connected.is_alive:
                connected.send(sender, deliver)
                return


def _address(controller: Controller) -> hci.Address:
    nobody = controller.random_address == hci.Address.ANY_RANDOM
    return controller.public_address if nobody else controller.random_address


def _plain(address: hci.Address) -> str:
    return address.to_string(with_type_qualifier=False)
