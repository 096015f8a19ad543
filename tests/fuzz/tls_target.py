"""The line between a node and its broker, over TLS: what comes is not what the broker has said.

The node's client runs on the real interpreter with its mbedtls; the broker's TLS is that of this
process. An input is a list of changes of the bytes that the broker sends.
"""

import contextlib
import os
import select
import socket
import ssl
import struct
import subprocess
import tempfile
from pathlib import Path

from certificates import Pair, issued
from target import Target, refused

import filmgauge
from filmgauge_sim.nodes.broker_security import pin_of
from filmgauge_sim.score.interpreter_client import interpreter

_FIRMWARE = Path(filmgauge.__file__).parent.parent
# A connection and a record for each line that it gets; tells what came of it, and when it waits.
_PROGRAM = """
import sys
from filmgauge.uplink.mqtt.broker_address import BrokerAddress
from filmgauge.uplink.mqtt.client import MqttError
from filmgauge.uplink.mqtt.secure_client import SecureClient

class Config:
    mqtt_host = "localhost"
    mqtt_pin = sys.argv[2]

def feed():
    print("waits")

while sys.stdin.readline():
    address = BrokerAddress("127.0.0.1", int(sys.argv[1]))
    client = SecureClient(Config, None, address, "n", "", "", 20000, feed, 25)
    try:
        client.connect(will=("t", "offline"))
        client.publish("t", b"record")
        print("accepted")
    except (OSError, MqttError) as error:
        print("refused", repr(error))
    except Exception as error:
        print("crash", repr(error))
    client.close()
"""
_PATIENCE_S = 30.0  # beyond the node's own deadlines
_WAITS = 4  # so often it has to say that it waits, longer than TCP delays what is short: then
# it will not hear any more
_CHANGE = "<HBB"  # where, which, how many bytes or which bits
_MOST_CHANGES = 16
_CONNACK, _PUBACK = b"\x20\x02\x00\x00", b"\x40\x02"


class TlsBytes(Target):
    """A node that connects and sends a record believes that it was taken where the broker has it,
    whole, and nowhere else."""

    name = "tls"
    tried = 60  # a handshake costs 20 ms

    def __init__(self) -> None:
        self._node: subprocess.Popen[bytes] | None = None

    def seeds(self) -> list[bytes]:
        places = (0, 3, 9, 80, 300, 500, 640, 700)
        changes = ((0, 1), (0, 128), (1, 40), (2, 3), (3, 0), (4, 9))
        return [
            b"",
            *(
                struct.pack(_CHANGE, place, *changes[number % len(changes)])
                for number, place in enumerate(places)
            ),
        ]

    def run(self, data: bytes) -> bool:
        if self._node is None:
            self._start()
        line, told = self._connection(data)
        if line.startswith("accepted"):
            assert b"record" in told, (data, told)
            return True
        assert line.startswith("refused"), line
        return refused(line)

    def _start(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="filmgauge-fuzz-")
        folder = Path(self._folder.name)
        own = issued(folder, "broker", None, ("localhost",))
        self._context = _server_context(own)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(_PATIENCE_S)
        program = folder / "program.py"
        program.write_text(_PROGRAM)
        port = str(self._listening.getsockname()[1])
        pin = pin_of(own.certificate.read_bytes())
        self._node = subprocess.Popen(
            [*interpreter(), str(program), port, pin],
            env={"MICROPYPATH": f"{_FIRMWARE}:.frozen"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def _connection(self, data: bytes) -> tuple[str, bytes]:
        """Let the node connect; return what it says of it, and what the broker has got."""
        said = _Said(self._node)
        said.begin()
        stream, _ = self._listening.accept()
        broker = _Broker(self._context, data)
        with stream:
            while True:
                ready = select.select([said.output, stream], [], [], _PATIENCE_S)[0]
                assert ready, "it neither ends nor waits"
                if stream in ready:
                    is_open = _answer(broker, stream)
                    said.forget_waits()
                elif said.output in ready:
                    said.read()
                    is_open = said.waits < _WAITS
                if said.verdict:
                    return said.verdict, bytes(broker.told)
                if not is_open:
                    with contextlib.suppress(OSError):
                        stream.shutdown(socket.SHUT_RDWR)
                    said.wait()
                    return said.verdict, bytes(broker.told)

    def __del__(self) -> None:
        if self._node is not None:
            self._node.kill()
            self._node.wait()
            self._listening.close()
            self._folder.cleanup()


class _Said:
    """What a node says of one connection: how often it waits, and the verdict."""

    def __init__(self, node: "subprocess.Popen[bytes]") -> None:
        assert node.stdin is not None
        assert node.stdout is not None
        self._input, self.output = node.stdin, node.stdout
        self.waits = 0
        self.verdict = ""

    def begin(self) -> None:
        """Let it connect."""
        self._input.write(b"\n")
        self._input.flush()

    def read(self) -> None:
        """Take what it has said. A verdict is its last word."""
        data = os.read(self.output.fileno(), 65536)
        while not data.endswith(b"\n"):
            more = os.read(self.output.fileno(), 65536)
            assert more, f"the interpreter has ended: {data!r}"
            data += more
        *waits, last = data.decode().splitlines()
        self.waits += len(waits) + (last == "waits")
        self.verdict = "" if last == "waits" else last

    def forget_waits(self) -> None:
        """Count anew, for what it has said so far was before the last answer."""
        if select.select([self.output], [], [], 0.0)[0]:
            self.read()
        self.waits = 0

    def wait(self) -> None:
        """Take all up to its verdict."""
        while not self.verdict:
            self.read()


def _server_context(own: Pair) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def _answer(broker: "_Broker", stream: socket.socket) -> bool:
    """Pass on what the node says and what the broker answers; return whether it goes on."""
    try:
        data = stream.recv(4096)
        stream.sendall(broker.answers(data))
    except OSError:
        return False
    return bool(data)


class _Broker:
    """Grants a connection and acknowledges records, behind a line that changes what it says.

    told: what it has understood.
    """

    def __init__(self, context: ssl.SSLContext, changes: bytes) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._is_open = False
        self._said = 0
        size = struct.calcsize(_CHANGE)
        whole = changes[: len(changes) // size * size][: _MOST_CHANGES * size]
        self._changes = sorted(struct.iter_unpack(_CHANGE, whole))
        self.told = bytearray()

    def answers(self, data: bytes) -> bytes:
        """Return what the node gets for what it has said."""
        self._in.write(data)
        with contextlib.suppress(ssl.SSLError):  # it wants more, or has ended with an alert
            if not self._is_open:
                self._tls.do_handshake()
                self._is_open = True
            while True:
                self._serve(self._tls.read(4096))
        said = self._out.read()
        begin, self._said = self._said, self._said + len(said)
        return self._changed(said, begin)

    def _serve(self, packet: bytes) -> None:
        self.told += packet
        if packet[:1] == b"\x10":
            self._tls.write(_CONNACK)
        elif packet[:1] == b"\x32":
            topic = int.from_bytes(packet[2:4], "big")
            self._tls.write(_PUBACK + packet[4 + topic : 6 + topic])

    def _changed(self, said: bytes, begin: int) -> bytes:
        """Return what has come of bytes that begin at that place of all; the last change first,
        so that places hold."""
        changed = bytearray(said)
        for place, change, amount in reversed(self._changes):
            at = place - begin
            if 0 <= at < len(said):
                _CHANGES[change % len(_CHANGES)](changed, at, amount)
        return bytes(changed)


def _turn(data: bytearray, at: int, bits: int) -> None:
    if at < len(data):
        data[at] ^= bits or 1


def _lose(data: bytearray, at: int, count: int) -> None:
    del data[at : at + count + 1]


def _repeat(data: bytearray, at: int, count: int) -> None:
    data[at:at] = data[at : at + count + 1]


def _end(data: bytearray, at: int, _amount: int) -> None:
    del data[at:]


def _insert(data: bytearray, at: int, value: int) -> None:
    data[at:at] = bytes([value]) * (1 + value % 32)


_CHANGES = (_turn, _lose, _repeat, _end, _insert)
