"""Doors of a node: what a broker, a central or a host may put before it."""

import hashlib
import hmac
import json
import os
import socket
import struct
import tempfile
import warnings
from binascii import crc32
from pathlib import Path

from board_mqtt import Client, MqttError
from cell_profiles import cell
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from peer_contexts import CONFIG, KEY, peer_with
from target import Target, refused
from tls_target import TlsBytes

from filmgauge.config import Config, numbers, texts
from filmgauge.gauge.profile import Profile
from filmgauge.gauge.profile_format import SIZE as PROFILE_SIZE
from filmgauge.gauge.profile_format import fields as profile_fields
from filmgauge.record.record import SIZE as RECORD_SIZE
from filmgauge.record.record import Record, fields
from filmgauge.store.counters import StoredNumber
from filmgauge.upgrade.manifest import NAMES, PIECE, Manifest
from filmgauge.uplink.actions import Actions, CommandPort
from filmgauge.uplink.ble.log_transfer import LogTransfer
from filmgauge.uplink.commands import LONGEST, Refused
from filmgauge.uplink.mqtt.certificate import begins, public_key
from filmgauge.uplink.mqtt.command_client import MOST, with_commands

_NODE = b"window-1\0"


def _with_checksum(data: bytes, size: int) -> bytes:
    """Return data of that size whose checksum holds: else nothing comes behind it."""
    body = data[: size - 4].ljust(size - 4, b"\0")
    return body + struct.pack("<I", crc32(body))


class RecordBytes(Target):
    """A stored record. An even first byte: its length and checksum are made right."""

    name = "record"

    def seeds(self) -> list[bytes]:
        whole = Record(boot=3, seq=7, up_s=420, soc_ppm=512_345, faults=5, life=9, limits=3)
        return [b"\1" + whole.to_bytes(), b"\0" + whole.to_bytes()]

    def run(self, data: bytes) -> bool:
        body = data[1:]
        if data[:1] < b"\1" or data[0] % 2 == 0:
            body = _with_checksum(body, RECORD_SIZE)
        try:
            record = Record.from_bytes(body)
        except ValueError as error:
            return refused(error)
        for name, _, _, low, high in fields():
            value = getattr(record, name)
            assert value is None or low <= value <= high, (name, value)
        assert Record.from_bytes(record.to_bytes()) == record
        json.loads(record.to_json())
        return True


class ProfileBytes(Target):
    """A profile of a cell, its checksum made right where the first byte is even."""

    name = "profile"

    def __init__(self) -> None:
        self._whole = self._bytes()

    @staticmethod
    def _bytes() -> bytes:
        from filmgauge_sim.cell.compiled import compile_profile
        from filmgauge_sim.cell.parameters import load_parameters

        return compile_profile(load_parameters("pre-li"), 8.0).to_bytes()

    def seeds(self) -> list[bytes]:
        return [b"\1" + self._whole, b"\0" + self._whole]

    def run(self, data: bytes) -> bool:
        body = data[1:]
        if not data or data[0] % 2 == 0:
            body = _with_checksum(body, PROFILE_SIZE)
        try:
            profile = Profile.from_bytes(body)
        except ValueError as error:
            return refused(error)
        for name, low, high in profile_fields():
            assert low <= getattr(profile, name) <= high, name
        assert profile.empty_uv < profile.full_uv
        return True


class Configuration(Target):
    """config.json."""

    name = "configuration"
    words = tuple(name.encode() for name, *_ in (*numbers(), *texts()))

    def seeds(self) -> list[bytes]:
        return [
            CONFIG % KEY.encode(),
            b'{"node":"a","pin_scl":1,"pin_sda":2,"pin_gate":3,"sample_s":60,"mqtt_host":"b"}',
        ]

    def run(self, data: bytes) -> bool:
        try:
            config = Config.from_json(data)
        except ValueError as error:
            return refused(error)
        for name, _, low, high in numbers():
            value = getattr(config, name)
            assert type(value) is int, name
            assert low <= value <= high, name
        for name, _, low, high in texts():
            assert low <= len(getattr(config, name)) <= high, name
        return True


class _InItsFolder(Target):
    """A door behind which lie files, which are in a folder of their own."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="filmgauge-fuzz-")
        self._path = Path(self._folder.name)

    def _inside(self) -> None:
        os.chdir(self._path)


class CommandFrames(_InItsFolder):
    """Frames without the key: none is obeyed, and nothing changes."""

    name = "frames"

    def __init__(self) -> None:
        super().__init__()
        self._peer = peer_with(str(self._path / "backlog"), 3)
        self._port = CommandPort(self._peer, StoredNumber(str(self._path / "commands")))

    def seeds(self) -> list[bytes]:
        frames = []
        for operation in range(1, 10):
            body = struct.pack("<BBI", 1, operation, operation) + b"1234"
            mac = hmac.new(bytes.fromhex(KEY), b"another\0" + body, hashlib.sha256)
            frames.append(body + mac.digest()[:16])
        return frames

    def run(self, data: bytes) -> bool:
        counter, status, text = self._port.execute(data)
        assert text
        assert status
        assert counter == 0
        assert (self._peer.requests, self._peer.unix_s()) == (0, 0)
        assert not (self._path / "commands").exists()
        return False


class Operations(_InItsFolder):
    """What a peer with the key asks: an operation and its payload."""

    name = "operations"
    words = (b'{"sample_s": 60}', b'{"node": "x"}', b'{"backlog": null}', b"\x10\0\x10\0")

    def __init__(self) -> None:
        super().__init__()
        self._config = self._path / "config.json"
        self._config.write_bytes(CONFIG % KEY.encode())
        self._actions = Actions(peer_with(str(self._path / "backlog"), 3), str(self._config))

    def seeds(self) -> list[bytes]:
        change = b'{"sample_s": 60}'
        whole = struct.pack("<HH", 0, len(change)) + change
        return [
            b"\5" + whole,
            b"\5" + struct.pack("<HH", 0, 40) + change,
            b"\1" + struct.pack("<I", 1_700_000_000),
            b"\2", b"\3", b"\4", b"\7" + whole, b"\x08",
            b"\6" + struct.pack("<III", 0, 1, 2),
        ]  # fmt: skip

    def run(self, data: bytes) -> bool:
        try:
            text = self._actions.do(data[0] if data else 0, data[1:])
        except Refused as error:
            return refused(error.reason if error.status else "")
        assert text
        if data[0] == 5:
            Config.from_json(self._config.read_bytes())
        return True


class LogRequests(_InItsFolder):
    """Which records a central wants: the answer ends."""

    name = "log requests"
    _RECORDS = 5

    def __init__(self) -> None:
        super().__init__()
        peer = peer_with(str(self._path / "backlog"), self._RECORDS)
        self._transfer = LogTransfer(peer.backlog)

    def seeds(self) -> list[bytes]:
        return [struct.pack("<IIIHB", 0, 1, 0, 5, 20), struct.pack("<IIIHB", 0, 1, 3, 0, 182)]

    def run(self, data: bytes) -> bool:
        *numbers_, size = struct.unpack("<IIIHB", data[:15].ljust(15, b"\0"))
        self._transfer.begin(*numbers_)
        size = max(20, size)
        for pieces in range(9 * self._RECORDS):
            piece = self._transfer.piece(size)
            if not piece:
                return pieces > 1  # more than the end of an empty log
            assert len(piece) <= size
            self._transfer.sent()
        raise AssertionError("the log has no end")


class _Pair(Client):
    """A client whose broker has said all that it will say, and has gone."""

    answers = b""
    other: socket.socket | None = None

    def _open(self, address, deadline) -> int:
        ours, self.other = socket.socketpair()
        self.other.sendall(self.answers)
        self.other.shutdown(socket.SHUT_WR)
        ours.setblocking(False)
        self._socket = _stream(ours)
        self._poll.register(self._socket, 1)
        return deadline


def _stream(ours: socket.socket) -> socket.socket:
    from board_mqtt import _Stream

    return _Stream(fileno=ours.detach())


class _Address:
    """An address that is always known."""

    def cached(self) -> tuple[str, int]:
        return ("here", 1)

    resolve = cached

    def keep(self, address: object) -> None:
        """Nothing is kept."""


class BrokerBytes(Target):
    """What a broker answers to CONNECT and to a record at QoS 1."""

    name = "broker"
    words = (b"\x20\2\0\0", b"\x40\2\0\1", b"\x30\x80\x80\x80\1", b"\xd0\0", b"\x90\3\0\1\0")

    def seeds(self) -> list[bytes]:
        granted = b"\x20\2\0\0"
        return [
            granted + b"\x40\2\0\1",
            granted + b"\x30\7\0\3a/bhi" + b"\x40\2\0\1",
            granted + b"\x32\x09\0\3a/b\0\7hi" + b"\x40\2\0\2" + b"\x40\2\0\1",
            b"\x20\2\1\0" + b"\x40\2\0\1",
            b"\x20\2\0\5",
        ]

    def run(self, data: bytes) -> bool:
        client = _Pair(_Address(), "fuzz", timeout_ms=2000)
        client.answers = data
        try:
            client.connect(will=("t", "offline"))
            client.publish("t", b"record")
        except (OSError, MqttError) as error:
            return refused(error)
        finally:
            client.close()
            if client.other is not None:
                client.other.close()
        assert _acknowledges(data), data
        return True


class CommandBroker(Target):
    """What a broker sends to a node that listens for commands; `frames` stays bounded."""

    name = "broker with commands"
    words = (*BrokerBytes.words, b"\x32\x0f\0\3a/c\0\7", b"\x30\xff\x7f")
    _TOPIC = "a/c"

    def seeds(self) -> list[bytes]:
        granted, pong = b"\x20\2\1\0", b"\xd0\0"
        frame = b"\x32\x0b\0\3a/c\0\7abcd"
        return [granted + pong, granted + frame + pong, granted + 20 * frame + pong]

    def run(self, data: bytes) -> bool:
        client = _Listening(_Address(), "fuzz", timeout_ms=2000)
        client.answers = data
        client.listen(self._TOPIC, True, "")
        try:
            client.connect(will=("t", "offline"))
            client.ping()
        except Exception as error:
            if not isinstance(error, OSError) and type(error).__name__ != "MqttError":
                raise  # by its name: its module may have been loaded again by other tests
            return refused(error)
        finally:
            client.close()
            if client.other is not None:
                client.other.close()
        assert len(client.frames) <= MOST
        for packet_id, _, frame in client.frames:
            assert 0 <= packet_id <= 65535
            assert len(frame) <= LONGEST + 1
            assert frame[:LONGEST] in data
        return True


_Listening = with_commands(_Pair)


class Certificates(Target):
    """What a node reads in a broker's certificate, beside what another library reads."""

    name = "certificates"

    def seeds(self) -> list[bytes]:
        import trustme

        issuer = trustme.CA()
        pems = [issuer.cert_pem, issuer.issue_cert("broker.lan").cert_chain_pems[0]]
        return [
            x509.load_pem_x509_certificate(pem.bytes()).public_bytes(Encoding.DER) for pem in pems
        ]

    def run(self, data: bytes) -> bool:
        try:
            key, date = bytes(public_key(data)), begins(data)
        except ValueError as error:
            return refused(error)
        assert key in data
        assert len(date) == 14
        assert date.isdigit()
        try:
            with warnings.catch_warnings(action="ignore"):
                read = x509.load_der_x509_certificate(data)
            other = read.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            other_date = read.not_valid_before_utc.strftime("%Y%m%d%H%M%S")
        except Exception:  # it reads what a node does not, and has many words for what is wrong
            return True
        assert (key, date) == (other, other_date)
        return True


class Manifests(Target):
    """What describes a version of the firmware, before its signature is looked at."""

    name = "manifests"
    words = (b"file app.bin ", b"file config.json ", b"signature ", b"number 0", b"\nfile ")

    def seeds(self) -> list[bytes]:
        head = b"filmgauge-version 1\nnumber 7\nversion 0.2\nboard esp32\nbytecode 6.3\n"
        one = b"file app.bin 2000 " + b"ab" * 32 + b"\n"
        two = b"file profile.bin 148 " + b"01" * 32 + b"\n"
        end = b"signature " + b"0f" * 64 + b"\n"
        return [head + one + end, head + one + two + end, head + two + end]

    def run(self, data: bytes) -> bool:
        try:
            manifest = Manifest(data)
        except ValueError as error:
            return refused(error)
        names = [name for name, _, _ in manifest.files]
        assert names
        assert names == [name for name in NAMES if name in names]
        assert all(0 < size <= 1 << 20 and len(digest) == 32 for _, size, digest in manifest.files)
        assert len(manifest.signature) == 64
        assert data.startswith(manifest.signed)
        assert len(manifest.signed) < len(data)
        assert manifest.pieces == 1 + sum(-(-size // PIECE) for _, size, _ in manifest.files)
        return True


def _acknowledges(data: bytes) -> bool:
    """Whether MQTT 3.1.1 reads a CONNACK that grants and, later, the PUBACK of packet 1."""
    packets = _packets(data)
    kind, body = packets[0]
    return (kind, len(body), body[1]) == (0x20, 2, 0) and (0x40, b"\0\1") in packets[1:]


def _packets(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    at = 0
    while at + 2 <= len(data):
        kind, length, shift = data[at], 0, 0
        at += 1
        while at < len(data):
            digit = data[at]
            at += 1
            length |= (digit & 127) << shift
            shift += 7
            if digit < 128 or shift > 21:
                break
        if at + length > len(data):
            break
        found.append((kind, data[at : at + length]))
        at += length
    return found


def node_targets() -> list[Target]:
    """Return all of them."""
    cell()  # what peers need is made once
    return [
        RecordBytes(),
        ProfileBytes(),
        Configuration(),
        CommandFrames(),
        Operations(),
        LogRequests(),
        BrokerBytes(),
        CommandBroker(),
        Certificates(),
        Manifests(),
        TlsBytes(),
    ]
