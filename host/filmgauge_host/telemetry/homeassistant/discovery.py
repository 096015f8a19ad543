"""The announcement of a node to Home Assistant: MQTT device discovery, one retained message.

    topic, payload = discovery_topic("bench"), discovery_payload(AnnouncedNode("bench", ...))

Format: home-assistant.io/integrations/mqtt, "Device discovery payload" (release 2024.11 or newer).
"""

import json
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Self

from filmgauge import VERSION
from filmgauge.uplink.mqtt.topics import STATUS, TELEMETRY, topic
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.homeassistant.entities import Entity, entities, entity_keys
from filmgauge_host.telemetry.messages import Scalar
from filmgauge_host.telemetry.nodes import NodeSnapshot, late_after_s

PREFIX = "homeassistant"
TOPICS = f"{PREFIX}/device/+/config"  # every device's announcement, ours and others'
_ORIGIN = "filmgauge"
_IDENTIFIER = "filmgauge-"
_AVAILABLE = (
    "{{ 'offline' if (value_json | default({})).get('state') == 'offline' else 'online' }}"
)


@dataclass(frozen=True, slots=True)
class AnnouncedNode:
    """What an announcement rests on. next_report_s: that its status announces, None where there
    is no status or it announces nothing. has_status: a node that only advertises has none."""

    name: str
    info: dict[str, Scalar] = field(default_factory=dict)
    has_status: bool = False
    next_report_s: float | None = None

    @classmethod
    def of(cls, node: NodeSnapshot) -> Self:
        """Return what is known of a node that was received."""
        status = node.status
        announced = status.next_report_s if status is not None else None
        return cls(node.name, node.info, status is not None, announced)


def discovery_topic(node: str) -> str:
    """Return the topic on which a node is announced; an empty payload there removes it."""
    return f"{PREFIX}/device/{_IDENTIFIER}{node}/config"


def denied_announcement(address: BrokerAddress, topic_name: str) -> str:
    """Return the sentence for a broker that drops what is announced on a topic."""
    return (
        f"broker {address} does not let this login write {topic_name}: its ACL needs"
        f" 'topic readwrite {TOPICS}'"
    )


def node_of(topic_name: str, payload: bytes) -> str | None:
    """Return the node that an announcement of ours is of, None when it is another's."""
    parts = topic_name.split("/")
    if len(parts) != 4 or not parts[2].startswith(_IDENTIFIER):
        return None
    try:
        is_ours = json.loads(payload)["o"]["name"] == _ORIGIN
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return parts[2].removeprefix(_IDENTIFIER) if is_ours else None


def expire_after_s(node: AnnouncedNode) -> int:
    """Return the whole seconds after which a value is no longer one: when the node is late."""
    return ceil(late_after_s(node.next_report_s))


def discovery_payload(node: AnnouncedNode, expire_s: int | None = None) -> bytes:
    """Return the announcement; expire_s: another time than `expire_after_s` of the node."""
    expire_s = expire_after_s(node) if expire_s is None else expire_s
    # What is only left out stays in Home Assistant; a platform alone removes an entity.
    components: dict[str, dict[str, Any]] = {
        key: {"p": platform} for key, platform in entity_keys().items()
    }
    for entity in entities(_capacity_uah(node)):
        if entity.leaf == TELEMETRY or node.has_status:
            components[entity.key] = _component(entity, node.name, expire_s)
    announcement: dict[str, Any] = {
        "dev": _device(node),
        "o": {"name": _ORIGIN, "sw": VERSION},
        "stat_t": topic(node.name, TELEMETRY),
        "cmps": components,
    }
    if node.has_status:
        # Sleeping is how a node is: only what its will says makes it unavailable, or `exp_aft`.
        available = {"t": topic(node.name, STATUS), "val_tpl": _AVAILABLE}
        announcement["avty"] = [available]
    return json.dumps(announcement, separators=(",", ":"), ensure_ascii=False).encode()


def _component(entity: Entity, node: str, expire_s: int) -> dict[str, Any]:
    component: dict[str, Any] = {
        "p": entity.platform,
        "uniq_id": f"filmgauge_{node}_{entity.key}",
        "name": entity.name,
        "val_tpl": entity.template,
        **entity.options,
    }
    if entity.leaf == STATUS:
        return component | {"stat_t": topic(node, STATUS)}
    # Home Assistant brings a value over its own restart for the rest of its time, counted from
    # the state's last change: `frc_upd` makes every report one.
    component["exp_aft"] = expire_s
    component["frc_upd"] = True
    return component


def _device(node: AnnouncedNode) -> dict[str, Any]:
    """Return the device; its identifier depends on the node's name alone, as the topics do."""
    device: dict[str, Any] = {
        "ids": [f"{_IDENTIFIER}{node.name}"],
        "name": node.name,
        "mf": "filmgauge",
    }
    for key, name in (("mdl", "cell"), ("hw", "board"), ("sw", "firmware")):
        value = node.info.get(name)
        if value is not None and value != "":
            device[key] = str(value)
    return device


def _capacity_uah(node: AnnouncedNode) -> float | None:
    """Return the capacity by design, None when the node does not say a usable one."""
    value = node.info.get("full_uah")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 < value < 1e9 else None
