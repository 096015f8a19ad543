"""The broker of a description: one URL or its parts, and what belongs together in it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from filmgauge.config import key_bytes
from filmgauge_sim.nodes.sections import BrokerSection

TLS_FILES = ("ca", "certificate", "key")  # keys whose values are paths
TLS_PORT = 8883
_PORTS = {"mqtt": 1883, "mqtts": TLS_PORT}
_PIN_BYTES = 32


def with_broker_parts(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a description's table with `broker.host = "mqtts://host:port"` as host, port and
    tls. Raises ValueError, one sentence."""
    broker = table.get("broker")
    if not isinstance(broker, dict):
        return dict(table)
    host = broker.get("host")
    if not isinstance(host, str) or "://" not in host:
        return dict(table)
    try:
        parts = urlsplit(host)
        name, port = parts.hostname, parts.port
    except ValueError:
        name = port = parts = None
    if not parts or not name or parts.scheme not in _PORTS or parts.path.strip("/"):
        raise ValueError("broker.host must be a name, an address or mqtts://host:port")
    if "@" in parts.netloc:
        raise ValueError("broker.host must have no user: broker.user is for it")
    for key in ("port", "tls"):
        if key in broker:
            raise ValueError(f"broker.{key} must be left out: broker.host says it")
    own = {"host": name, "port": port or _PORTS[parts.scheme], "tls": parts.scheme == "mqtts"}
    return {**table, "broker": {**broker, **own}}


def check_broker(broker: BrokerSection) -> None:
    """Raise ValueError, one sentence, for what does not belong together."""
    for key in (*TLS_FILES, "pin"):
        if getattr(broker, key) and not broker.tls:
            raise ValueError(f"broker.{key} needs broker.tls = true, or mqtts:// in broker.host")
    if broker.tls and not (broker.ca or broker.pin):
        raise ValueError("broker.tls needs broker.ca or broker.pin: whom would it trust?")
    if bool(broker.certificate) != bool(broker.key):
        raise ValueError("broker.certificate and broker.key belong together")
    if broker.pin:
        key_bytes("broker.pin", broker.pin, _PIN_BYTES)
