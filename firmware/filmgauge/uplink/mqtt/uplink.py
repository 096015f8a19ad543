"""The uplink over Wi-Fi and MQTT: join, publish, leave."""

import gc
import time

from filmgauge.compat import const, exists, has_files, unload
from filmgauge.uplink import NoUplink

_POLL_MS = const(100)
_ADDRESS = const("/broker")
_PACKET_SIZE = const(1280)  # client.py
_OBEYING = const(  # what only commands need
    ".uplink.mqtt.command_ .uplink.commands .uplink.actions .uplink.reconfigure"
    " .uplink.new_profile .uplink.version_orders .uplink.crash_records .upgrade .config"
    " .store.counters"
)
_FETCHING = const(".uplink.mqtt.version_fetch .upgrade")
_FAILURES = const("/failures")  # crash.py
_INCOMING = const("/incoming")  # is there while a version is on its way
_REQUEST_NEW_SESSION = const(8)  # peer_context.py


class MqttUplink(NoUplink):
    """The way of records from a board with Wi-Fi. They wait where the configuration lacks a
    network or a broker."""

    acknowledges = True  # what went needs no room in flash

    def __init__(self, board, config, profile, longest_wait_ms):
        self._board = board
        self._config = config
        self._cell = profile and (profile.name, profile.area_ucm2, profile.full_pc())
        self._buffer = bytearray(_PACKET_SIZE)
        self._longest_wait_ms = longest_wait_ms  # which the watchdog bears
        self.taken_nj = config.report_nj
        if config.command_key:
            from filmgauge.uplink.peer_context import PeerContext

            self.peer = PeerContext(board, config, profile)

    def send(self, record, backlog, introduce: bool, ledger, level: int) -> bool:
        """Send a record and what waits; return whether it went. `introduce`: the info too."""
        try:
            check_network(self._config)
        except ValueError as error:
            self.error = str(error)
            return False
        import network  # with its buffers only where it is used

        from filmgauge.uplink.mqtt.publisher import Publisher, info  # a wake in five needs it

        client = self._client()
        obey = None
        if self.peer is not None:
            self.peer.show(record, backlog, ledger)
            obey = self._use_session
        link = Publisher(self._config, client, self.guard, obey, self.next_s)
        info_once = info(self._config, self._cell, self._board.name) if introduce else None
        sent = False
        wlan = self._joining(network)
        if wlan is not None:
            try:
                sent = self._is_joined(wlan) and link.send(record, backlog, info_once)
            except OSError as error:
                print("filmgauge: wifi:", error)
            self._board.radio_off(wlan)
        self.error = link.error or "no network"
        if self.peer is not None:
            self._finish_commands(client, sent)
        return sent

    def _client(self):
        from filmgauge.uplink.mqtt.broker_address import BrokerAddress
        from filmgauge.uplink.mqtt.client import Client

        config = self._config
        address = BrokerAddress(config.mqtt_host, config.mqtt_port, _ADDRESS, self._before_hanging)
        arguments = (
            address,
            "filmgauge-" + config.node,
            config.mqtt_user,
            config.mqtt_password,
            config.mqtt_timeout_ms,
            self._board.feed,
            self._longest_wait_ms,
            self._buffer,
        )
        kind = Client  # pyright: ignore
        if config.mqtt_tls:
            from filmgauge.uplink.mqtt.secure_client import SecureClient as kind

            arguments = (config, self._board.clock) + arguments
        if self.peer is None:
            return kind(*arguments)  # pyright: ignore
        from filmgauge.uplink.mqtt.command_client import with_commands
        from filmgauge.uplink.mqtt.topics import COMMAND, topic

        client = with_commands(kind)(*arguments)  # pyright: ignore
        keeps_session = not self.peer.requested & _REQUEST_NEW_SESSION
        client.listen(topic(config.node, COMMAND), keeps_session, config.mqtt_password_next)
        return client

    def _use_session(self, client):
        """Do what others want of the node, and bring what it has been told to fetch."""
        self._obey(client)
        if has_files(_INCOMING):
            unload(_OBEYING)
            try:
                from filmgauge.uplink.mqtt.version_fetch import go_on

                go_on(client, self.peer, self._cell)
            except MemoryError:  # the records are through: no reason for the wake to end
                print("filmgauge: no room to fetch a version")
            go_on = None
            unload(_FETCHING)

    def _obey(self, client):
        """Carry out the commands that wait at the broker."""
        if not client.keeps_session:
            return
        if not client.subscribe():
            print("filmgauge: the broker refuses the subscription to commands")
        if client.frames:
            if self.peer.make_room is not None:  # pyright: ignore
                self.peer.make_room()  # pyright: ignore
            from filmgauge.uplink.mqtt.command_exchange import exchange

            exchange(client, self.peer)

    def _finish_commands(self, client, sent):
        """A session that came between a record and the broker is not gone on with."""
        if client.has_received:
            unload(_OBEYING)
            if not sent:
                self.peer.requests |= _REQUEST_NEW_SESSION  # pyright: ignore

    def _before_hanging(self):
        if self.guard is not None:
            self.guard.keep()
        if exists(_FAILURES):  # a look-up that hangs costs no record: the node has not failed
            from crash import clear_hang

            clear_hang()
            clear_hang = None
            unload("crash")
        self._board.feed()

    def _joining(self, network):
        """Start the radio and let it join; return the station, None where it does not start,
        which must not cost the record.

        The ESP32's driver takes from the port's heap what Python's leaves, and raises MemoryError
        where that is too little, and RuntimeError for most else (network_common.c).
        """
        config = self._config
        self._board.feed()
        gc.collect()
        wlan = None
        try:
            wlan = network.WLAN(network.STA_IF)
            wlan.active(True)
            wlan.connect(config.wifi_ssid, config.wifi_password)
            return wlan
        except (OSError, RuntimeError, MemoryError) as error:
            print("filmgauge: wifi:", repr(error))
        if wlan is not None:
            self._board.radio_off(wlan)
        return None

    def _is_joined(self, wlan):
        """Await the network; return whether it was there before the deadline."""
        deadline = time.ticks_add(time.ticks_ms(), self._config.wifi_timeout_ms)
        while not wlan.isconnected():
            if time.ticks_diff(deadline, time.ticks_ms()) <= 0:
                return False
            self._board.feed()
            time.sleep_ms(_POLL_MS)
        return True


def check_network(config) -> None:
    """Raise ValueError naming the key unless a configuration has a network and a broker."""
    for name in ("wifi_ssid", "mqtt_host"):
        if not getattr(config, name):
            raise ValueError("configuration key %s is missing" % name)
