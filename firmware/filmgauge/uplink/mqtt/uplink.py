"""The uplink over Wi-Fi and MQTT: join, publish, leave."""


class MqttUplink:
    """The way of records from a board with Wi-Fi. `error` tells why the last one did not go,
    `taken_nj` what the radio has taken for it as far as that is configured.

    Raises ValueError where the configuration lacks a network or a broker.
    """

    stores_first = False  # what went needs no room in flash
    acknowledges = True
    peer = None

    def __init__(self, board, config, profile, feed=None):
        config.require("wifi_ssid", "mqtt_host")
        self._board = board
        self._config = config
        self._cell = profile and (profile.name, profile.area_ucm2, profile.full_pc())
        self._feed = feed  # of a watchdog that is shorter than a report may take
        self.error = None
        self.taken_nj = config.report_nj

    def send(self, record, backlog, introduce: bool, ledger, level: int) -> bool:
        """Send a record and what waits; return whether it went. `introduce` tells the info too."""
        from filmgauge.uplink.mqtt.publisher import Publisher, info  # a wake in five needs it

        link = Publisher(self._config, self._feed)
        info_once = info(self._config, self._cell, self._board.name) if introduce else None
        sent = self._is_joined() and link.send(record, backlog, info_once)
        self._board.disconnect()
        self.error = link.error or "no network"
        return sent

    def _is_joined(self):
        config = self._config
        try:
            return self._board.connect(
                config.wifi_ssid, config.wifi_password, config.wifi_timeout_ms
            )
        except OSError as error:  # a radio that does not start must not cost the record
            print("filmgauge: wifi:", error)
            return False
