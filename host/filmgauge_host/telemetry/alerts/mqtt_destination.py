"""MQTT: each notification at `filmgauge/<node>/event`, QoS 1, not retained.

Alerts of the monitor itself: `filmgauge/monitor/event`. MQTT 5 is tried first, because an MQTT
3.1.1 broker acknowledges what its ACL drops.
"""

from collections.abc import Sequence

from filmgauge.uplink.mqtt.topics import topic
from filmgauge_host.errors import NoBrokerError
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.alerts.alert import MONITOR_TITLE, Notification
from filmgauge_host.telemetry.alerts.delivery import DeliveryError
from filmgauge_host.telemetry.broker_login import Answer, BrokerLogin, LoginRefusedError

EVENT = "event"


class MqttDestination:
    """Publishes at a broker; connected only while it does."""

    at_once = 1
    collect_s = 0.0

    def __init__(self, address: BrokerAddress) -> None:
        self._address = address
        self._mqtt5 = True

    def send(self, notifications: Sequence[Notification]) -> None:
        """Return once the broker has acknowledged it; raise DeliveryError."""
        (notification,) = notifications
        name = topic(notification.alert.node or MONITOR_TITLE, EVENT)
        try:
            answer = self._publish(name, notification.to_json().encode())
        except NoBrokerError as error:
            raise DeliveryError(str(error)) from None
        if answer is Answer.DENIED:
            raise DeliveryError(
                f"broker {self._address} drops {name}: its ACL lacks `topic write {name}`", True
            )

    def _publish(self, name: str, payload: bytes) -> Answer:
        if self._mqtt5:
            try:
                return self._publish_with(name, payload, True)
            except LoginRefusedError:
                raise
            except NoBrokerError:  # or it knows MQTT 3.1.1 alone
                pass
        answer = self._publish_with(name, payload, False)
        self._mqtt5 = False
        return answer

    def _publish_with(self, name: str, payload: bytes, mqtt5: bool) -> Answer:
        with BrokerLogin(self._address, mqtt5=mqtt5) as login:
            return login.publish(name, payload)
