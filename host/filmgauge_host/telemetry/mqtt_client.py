"""paho's client with our address: for who publishes, and for checks of a broker."""

import socket
import threading
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.tcp_connection import connect, connect_problem
from filmgauge_host.telemetry.tls_files import TlsFiles

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
) -> "BrokerClient":
    """Return a client for the broker, with its login and TLS, that is not connected. Raises
    InputError for files of TLS that are wrong."""
    client = BrokerClient(
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
        client.files = address.files
    return client


class BrokerClient(Client):
    """Holds a bounded part of a packet, however long it is: its beginning, with topic and id.

    files: read for each connection, as certificates are replaced while we run; None without TLS.
    failure: why the last connection could not be opened, in a few words, else empty.
    """

    files: TlsFiles | None = None
    failure = ""

    def discard_unacknowledged(self) -> None:
        """Forget what was published at QoS 1 and not acknowledged; in `on_connect`, or paho sends
        it again over the new connection, however old it is by then."""
        with self._out_message_mutex:
            self._out_messages.clear()
            self._inflight_messages = 0

    def loop_stop(self) -> MQTTErrorCode:
        """End the thread. Paho's own raises AttributeError where the thread ends by itself, after
        a disconnection, just before it is waited for."""
        thread = self._thread
        if thread is None:
            return MQTTErrorCode.MQTT_ERR_INVAL
        self._thread_terminate = True
        if threading.current_thread() is not thread:
            thread.join()
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _create_socket(self) -> Any:
        try:
            made = super()._create_socket()
        except (OSError, ValueError) as error:
            self.failure = connect_problem(error)
            if isinstance(error, OSError):
                raise
            raise OSError(self.failure) from error  # another kind would end paho's thread
        self.failure = ""
        return made

    def _create_socket_connection(self) -> socket.socket:
        if self.files is not None:
            self._ssl_context = self.files.context()
        return connect(self._host, self._port, self._connect_timeout)

    def _sock_recv(self, bufsize: int) -> bytes:
        # Here, or a packet whose rest is there already would be whole before anything is cut off.
        del self._in_packet["packet"][_PACKET_MAX:]
        return super()._sock_recv(min(bufsize, _READ_BYTES))
