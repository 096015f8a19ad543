"""Brings records to the broker: the newest first, then those that waited, oldest first; and the
newest once more, retained, for who comes later."""

import json
import time

import filmgauge
from filmgauge.compat import const, exists, unload
from filmgauge.record.record import Record
from filmgauge.uplink.mqtt.client import MqttError
from filmgauge.uplink.mqtt.topics import EVENT, INFO, LAST, LOG, STATUS, TELEMETRY, topic

_OFFLINE = const('{"state":"offline"}')
_INSTALLED = const("/version")  # number, previous and outcome of a version over the air
_FIRST = const("/crash.0")  # crash.py, beside the package
_NEWEST = const("/crash.1")
_LONGEST_MS = const(240000)  # of a report; what waits beyond goes with the next one


class Publisher:
    """Publishes for one node. `send` tells what came through; it raises nothing."""

    def __init__(self, config, client, guard=None, obey=None, next_s=0):
        self._begun_ms = time.ticks_ms()
        self._node = config.node
        self._next_s = next_s or config.sample_s * config.report_every
        self._limit = config.backlog_per_report
        self._client = client
        self._guard = guard
        self._obey = obey  # called with the client once the records are through
        self.error = None

    def send(self, record, backlog, info=None) -> bool:
        """Send a record, what waits, and once a boot the info; return whether the record went."""
        delivered = False
        try:
            self._client.connect(will=(self._topic(STATUS), _OFFLINE))
            if info is not None:
                self._client.publish(self._topic(INFO), json.dumps(info), retain=True)
            self._client.publish(self._topic(TELEMETRY), record.json_parts())
            delivered = True
            if self._guard is not None:
                self._guard.delivered()
            self._drain(backlog)
            if self._obey is not None:
                self._obey(self._client)
            if exists(_FIRST) or exists(_NEWEST):
                self._publish_crashes()
            self._client.publish(self._topic(LAST), record.json_parts(), retain=True, qos=0)
            self._client.publish(self._topic(STATUS), self._sleeping(), retain=True, qos=0)
            self._client.disconnect()
        except (OSError, ValueError, MqttError) as error:
            self.error = error
            self._client.close()
        return delivered

    def _drain(self, backlog):
        for name in backlog.names(self._limit):
            try:
                record = Record.from_bytes(backlog.read(name))
            except (OSError, ValueError):
                record = None  # torn in flash: it can never be sent
            if record is not None:
                self._client.publish(self._topic(LOG), record.json_parts())
            backlog.remove(name)
            if time.ticks_diff(time.ticks_ms(), self._begun_ms) > _LONGEST_MS:
                break

    def _publish_crashes(self):
        """Publish what has failed since; it is forgotten as soon as the broker has it."""
        from crash import forget, waiting

        for name, text in waiting():
            self._client.publish(self._topic(EVENT), '{"event":"crash",' + text[1:])
            forget(name)
        unload("crash")

    def _sleeping(self):
        return '{"state":"sleeping","next_report_s":%d}' % self._next_s

    def _topic(self, leaf):
        return topic(self._node, leaf)


def info(config, cell, board_name: str) -> dict:
    """Return what a receiver should know once: versions, cell and intervals.

    `cell` is name, area in 1e-6 cm2 and full charge in pC of the profile, None without one.
    """
    found = {
        "firmware": filmgauge.VERSION,
        "board": board_name,
        "cell": cell and cell[0],
        "area_cm2": cell[1] / 1000000 if cell else None,
        "full_uah": cell[2] / 3.6e9 if cell else None,
        "sample_s": config.sample_s,
        "report_s": config.sample_s * config.report_every,
    }
    try:
        with open(_INSTALLED) as file:
            found["version"] = json.loads(file.read())
    except (OSError, ValueError):
        pass  # it has come by cable
    return found
