"""MQTT: each notification at `filmgauge/<node>/event`, those of the monitor itself at
`filmgauge/monitor/event`; QoS 1, not retained."""

from collections.abc import Sequence

from filmgauge.uplink.mqtt.topics import topic
from filmgauge_host.errors import NoBrokerError
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.alerts.alert import MONITOR_TITLE, Notification
from filmgauge_host.telemetry.alerts.delivery import DeliveryError
from filmgauge_host.telemetry.broker_login import Answer, answering_login

EVENT = "event"


class MqttDestination:
    """Publishes at a broker; connected only while it does."""

    at_once = 1
    collect_s = 0.0

    def __init__(self, address: BrokerAddress) -> None:
        self._address = address

    def send(self, notifications: Sequence[Notification]) -> None:
        """Return once the broker has acknowledged it; raise DeliveryError."""
        (notification,) = notifications
        name = topic(notification.alert.node or MONITOR_TITLE, EVENT)
        try:
            with answering_login(self._address) as login:
                answer = login.publish(name, notification.to_json().encode())
        except NoBrokerError as error:
            raise DeliveryError(str(error)) from None
        if answer is Answer.DENIED:
            raise DeliveryError(
                f"broker {self._address} drops {name}: its ACL lacks `topic write {name}`", True
            )
