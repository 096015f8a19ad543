"""The MQTT client and how to talk to its peer, on both runtimes.

On the board a socket is a stream whose `write` and `readinto` return None when they would have
to wait, and `time` has ticks; on CPython stand-ins with these names go into a copy of the module.
"""

import os
import socket
import sys
import time

from filmgauge.uplink.mqtt.broker_address import BrokerAddress


def _client_module():
    if sys.implementation.name == "micropython":
        from filmgauge.uplink.mqtt import client as mqtt

        return mqtt
    from importlib.util import find_spec, module_from_spec

    spec = find_spec("filmgauge.uplink.mqtt.client")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    module.socket = _Sockets
    module.time = _Ticks
    return module


class _Ticks:
    """MicroPython's millisecond ticks on CPython."""

    @staticmethod
    def ticks_ms():
        return int(time.monotonic() * 1000) % (1 << 30)

    @staticmethod
    def ticks_add(ticks, delta):
        return (ticks + delta) % (1 << 30)

    @staticmethod
    def ticks_diff(end, start):
        return (end - start + (1 << 29)) % (1 << 30) - (1 << 29)


class _Stream(socket.socket):
    """A CPython socket with MicroPython's stream methods."""

    def write(self, data):
        try:
            return self.send(data)
        except BlockingIOError:
            return None

    def readinto(self, data):
        try:
            return self.recv_into(data)
        except BlockingIOError:
            return None


class _Sockets:
    """The module `socket` with such streams."""

    getaddrinfo = staticmethod(socket.getaddrinfo)
    socket = _Stream


_module = _client_module()
Client = _module.Client
MqttError = _module.MqttError
HOST = "127.0.0.1"


def port():
    """Return the port of the peer."""
    return int(os.getenv("FILMGAUGE_MQTT_PEER"))


def client(name, timeout_ms=5000, user="", password=""):
    """Return a client whose peer behaves as `name` says."""
    return Client(BrokerAddress(HOST, port()), name, user, password, timeout_ms)


def command_client(name, timeout_ms=5000, keeps_session=True, other_password=""):
    """Return a client that listens to the topic "c"."""
    from filmgauge.uplink.mqtt import command_client as commands

    commands.MqttError = MqttError  # of the copy
    if sys.implementation.name != "micropython":
        from filmgauge.uplink.mqtt import command_exchange

        command_exchange.time = _Ticks
    kind = commands.with_commands(Client)
    one = kind(BrokerAddress(HOST, port()), name, "me", "new", timeout_ms)
    one.listen("c", keeps_session, other_password)
    return one


def transcript(name):
    """Return everything that the last client of that name has sent, once it has ended."""
    stream = socket.socket()
    stream.connect(socket.getaddrinfo(HOST, port())[0][-1])
    stream.send(b"TRANSCRIPT " + name.encode() + b"\n")
    data = b""
    while True:
        part = stream.recv(1024)
        if not part:
            stream.close()
            return data
        data += part
