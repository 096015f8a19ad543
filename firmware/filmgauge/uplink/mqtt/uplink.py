"""The uplink over Wi-Fi and MQTT: join, publish, leave."""

import time

from filmgauge.compat import const
from filmgauge.uplink import NoUplink

_POLL_MS = const(100)
_ADDRESS = const("/broker")
_PACKET_SIZE = const(1280)  # client.py


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

    def send(self, record, backlog, introduce: bool, ledger, level: int) -> bool:
        """Send a record and what waits; return whether it went. `introduce`: the info too."""
        try:
            check_network(self._config)
        except ValueError as error:
            self.error = str(error)
            return False
        import network  # with its buffers only where it is used

        from filmgauge.uplink.mqtt.broker_address import BrokerAddress
        from filmgauge.uplink.mqtt.client import Client
        from filmgauge.uplink.mqtt.publisher import Publisher  # a wake in five needs it

        config = self._config
        address = BrokerAddress(config.mqtt_host, config.mqtt_port, _ADDRESS, self._before_hanging)
        client = Client(
            address,
            "filmgauge-" + config.node,
            config.mqtt_user,
            config.mqtt_password,
            config.mqtt_timeout_ms,
            self._board.feed,
            self._longest_wait_ms,
            self._buffer,
        )
        link = Publisher(config, client, self.guard, self._info)
        info_once = self._info() if introduce else None
        sent = False
        wlan = network.WLAN(network.STA_IF)
        try:
            sent = self._is_joined(wlan) and link.send(record, backlog, info_once)
        except OSError as error:  # a radio that does not start must not cost the record
            print("filmgauge: wifi:", error)
        self._board.radio_off(wlan)
        self.error = link.error or "no network"
        return sent

    def _info(self):
        from filmgauge.uplink.mqtt.publisher import info

        return info(self._config, self._cell, self._board.name)

    def _before_hanging(self):
        if self.guard is not None:
            self.guard.keep()
        self._board.feed()

    def _is_joined(self, wlan):
        """Join the network; return whether that worked before the deadline."""
        config = self._config
        self._board.feed()
        wlan.active(True)
        deadline = time.ticks_add(time.ticks_ms(), config.wifi_timeout_ms)
        wlan.connect(config.wifi_ssid, config.wifi_password)
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
