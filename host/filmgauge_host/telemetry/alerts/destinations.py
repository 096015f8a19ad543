"""Destinations as the file of alerts has them, `[destinations.NAME]` with a `type`."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias
from urllib.parse import urlsplit

import msgspec

from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.address import BrokerAddress, parse_address
from filmgauge_host.telemetry.alerts.alert import Severity
from filmgauge_host.telemetry.alerts.alert_log import AlertLog
from filmgauge_host.telemetry.alerts.command_destination import CommandDestination
from filmgauge_host.telemetry.alerts.delivery import DeliveryQueue, Transport
from filmgauge_host.telemetry.alerts.email_destination import (
    EmailDestination,
    MailServer,
    Security,
)
from filmgauge_host.telemetry.alerts.mqtt_destination import MqttDestination
from filmgauge_host.telemetry.alerts.secret import check_sendable, read_secret
from filmgauge_host.telemetry.alerts.webhook_destination import WebhookDestination
from filmgauge_sim.nodes.tables import Table, bounded, did_you_mean, from_table

_Timeout: TypeAlias = Annotated[float, bounded(0.1, 300, "s")]
_Port: TypeAlias = Annotated[int, bounded(1, 65535, "")]
_PORTS: Mapping[Security, int] = {"starttls": 587, "tls": 465, "none": 25}


class CommonTable(Table, frozen=True, kw_only=True):
    """Keys of every destination. severity: the lowest that is sent."""

    type: str
    severity: Severity = "info"


class CommandTable(CommonTable, frozen=True, kw_only=True):
    """See command_destination.py."""

    command: list[str]
    timeout_s: _Timeout = 30.0

    def transport(self, _monitor: BrokerAddress | None) -> Transport:
        """Return the way there; raise ValueError."""
        if not self.command or not self.command[0]:
            raise ValueError("command must be a list: a program and its arguments")
        return CommandDestination(self.command, self.timeout_s)


class WebhookTable(CommonTable, frozen=True, kw_only=True):
    """See webhook_destination.py."""

    url: str | None = None
    url_file: str | None = None
    url_env: str | None = None
    token_file: str | None = None
    token_env: str | None = None
    timeout_s: _Timeout = 10.0

    def transport(self, _monitor: BrokerAddress | None) -> Transport:
        """Return the way there; raise ValueError."""
        url = read_secret("url", self.url_file, self.url_env) or self.url
        if url is None or (self.url is not None and url != self.url):
            raise ValueError("there must be one of the keys url, url_file and url_env")
        check_sendable("url", url)
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:  # says what it does not understand, which may be a secret
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("url must look like https://host/path")
        if parts.username is not None or parts.password is not None:
            raise ValueError("url must not hold a password: use token_file or token_env")
        token = read_secret("token", self.token_file, self.token_env)
        return WebhookDestination(url, token, self.timeout_s)


class MqttTable(CommonTable, frozen=True, kw_only=True):
    """See mqtt_destination.py. broker: without one, the monitor's."""

    broker: str | None = None

    def transport(self, monitor: BrokerAddress | None) -> Transport:
        """Return the way there; raise ValueError."""
        if self.broker is None:
            if monitor is None:
                raise ValueError("there is a missing key broker")
            return MqttDestination(monitor)
        address = parse_address(self.broker)  # before urlsplit, which says what it finds wrong
        if urlsplit(self.broker).password is not None:
            raise ValueError("broker must not hold a password: FILMGAUGE_MQTT_PASSWORD has it")
        return MqttDestination(address)


class EmailTable(CommonTable, frozen=True, kw_only=True):
    """See email_destination.py."""

    host: str
    sender: str = msgspec.field(name="from")
    to: list[str]
    port: _Port | None = None
    security: Security = "starttls"
    user: str | None = None
    password_file: str | None = None
    password_env: str | None = None
    ca_file: str | None = None
    timeout_s: _Timeout = 30.0

    def transport(self, _monitor: BrokerAddress | None) -> Transport:
        """Return the way there; raise ValueError."""
        for each in (self.sender, *self.to):
            if "@" not in each or not each.isprintable() or "," in each:
                raise ValueError(f"{each!r} must be an address such as ops@example.com")
        if not self.to:
            raise ValueError("to must be one address or more")
        password = read_secret(
            "password", self.password_file, self.password_env, may_have_blanks=True
        )
        if (self.user is None) != (password is None):
            raise ValueError("user and one of password_file and password_env belong together")
        if password is not None and self.security == "none":
            raise ValueError("security must be starttls or tls where there is a password")
        port = _PORTS[self.security] if self.port is None else self.port
        server = MailServer(self.host, port, self.security, self.user, password, self.ca_file)
        return EmailDestination(server, self.sender, self.to, self.timeout_s)


_TYPES: Mapping[str, type[CommandTable | WebhookTable | MqttTable | EmailTable]] = {
    "command": CommandTable,
    "webhook": WebhookTable,
    "mqtt": MqttTable,
    "email": EmailTable,
}
DESTINATION_TYPES = tuple(_TYPES)


def build_destinations(
    tables: Mapping[str, Mapping[str, Any]],
    monitor: BrokerAddress | None = None,
    log: AlertLog | None = None,
) -> list[DeliveryQueue]:
    """Return a queue for each table; raise InputError, one sentence with key and bound.

    monitor: the broker of the monitor, for destinations that name none.
    """
    return [_queue(name, table, monitor, log) for name, table in tables.items()]


def _queue(
    name: str,
    table: Mapping[str, Any],
    monitor: BrokerAddress | None,
    log: AlertLog | None,
) -> DeliveryQueue:
    try:
        given = table.get("type")
        if given is None:
            raise ValueError(f"there is a missing key type{did_you_mean('', DESTINATION_TYPES)}")
        kind = _TYPES.get(given) if isinstance(given, str) else None
        if kind is None:
            hint = did_you_mean(str(given), DESTINATION_TYPES)
            raise ValueError(f"type: there is no {given!r}{hint}")
        read = from_table(dict(table), kind)
        return DeliveryQueue(name, read.transport(monitor), read.severity, log)
    except ValueError as error:
        raise InputError(f"destinations.{name}: {error}") from None
