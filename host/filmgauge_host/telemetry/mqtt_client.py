"""paho's client with our address: for who publishes, and for checks of a broker."""

import socket

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.tcp_connection import connect

# Messages at QoS 0 that mosquitto as it is installed lets wait for a connection: it drops none of
# so many that it retains under one filter, over a slow line either.
NEVER_DROPPED = 1000
_READ_BYTES = 65536  # of the socket at once
_PACKET_MAX = 3 * 65536  # what is kept of a packet


def make_client(
    address: BrokerAddress,
    name: str,
    clean_session: bool = True,
    manual_ack: bool = False,
    protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv311,
) -> Client:
    """Return a client for the broker, with its login and TLS, that is not connected."""
    client = _BoundedClient(
        CallbackAPIVersion.VERSION2,
        name,
        clean_session if protocol is MQTTProtocolVersion.MQTTv311 else None,  # 5: has no such
        protocol=protocol,
        manual_ack=manual_ack,
    )
    if address.user is not None:
        client.username_pw_set(address.user, address.password)
    if address.tls:
        client.tls_set_context(address.files.context())
    return client


class _BoundedClient(Client):
    """Holds a bounded part of a packet, however long it is: its beginning, with topic and id."""

    def _create_socket_connection(self) -> socket.socket:
        return connect(self._host, self._port, self._connect_timeout)

    def _sock_recv(self, bufsize: int) -> bytes:
        # Here, or a packet whose rest is there already would be whole before anything is cut off.
        del self._in_packet["packet"][_PACKET_MAX:]
        return super()._sock_recv(min(bufsize, _READ_BYTES))
