"""Certificates of a description: checked, copied beside it, and flashed with it."""

import shutil
from pathlib import Path

import pytest
from certificates import DAY, Pair, issued, now
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from provision_files import config_of, provision, wifi_file

from filmgauge_host.errors import InputError
from filmgauge_host.provision.node_file import read_node
from filmgauge_host.serial.archive import Archive
from filmgauge_host.serial.board_files import FileSystem
from filmgauge_host.serial.flash_plan import CERTIFICATES, Contents, Wanted, digest, make_plan
from filmgauge_sim.nodes.broker_security import pin_of
from filmgauge_sim.nodes.configuration import board_files
from filmgauge_sim.nodes.description import DescriptionError, description_from

PIN = "0123456789abcdef" * 4
BROKER = {"name": "a", "wifi": {"ssid": "x"}}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return issued(tmp_path_factory.mktemp("authority"), "issuer", is_issuer=True)


def der(pair: Pair) -> bytes:
    return pair.loaded().public_bytes(Encoding.DER)


def test_they_lie_beside_the_description_which_can_be_moved(
    tmp_path: Path, authority: Pair
) -> None:
    own = issued(tmp_path, "shelf-1", authority)
    keys = f'tls = true\nca = "{authority.certificate}"\npin = "{PIN.upper()}"\n'
    keys += f'certificate = "{own.certificate.name}"\nkey = "{own.key.name}"'
    source = wifi_file(tmp_path, user=keys)
    for _ in range(2):  # made, and made again from what was made
        ran = provision("--from", source, "--out", tmp_path / "nodes")
        assert ran.exit_code == 0, ran.output
        folder = tmp_path / "nodes/shelf-1"
        assert (folder / "ca.der").read_bytes() == der(authority)
        assert (folder / "client.der").read_bytes() == der(own)
        assert (folder / "client.key").stat().st_mode & 0o777 == 0o600
        source = folder / "node.toml"
    shutil.copytree(folder, tmp_path / "elsewhere")
    shutil.rmtree(folder)
    description, secrets = read_node(tmp_path / "elsewhere", lambda _: None)
    files = board_files(description, secrets)
    assert files["/ca.der"] == der(authority)
    assert files["/client.der"] == der(own)
    assert b"BEGIN" not in files["/client.key"]
    config = config_of(tmp_path / "elsewhere")
    assert (config.mqtt_tls, config.mqtt_pin) == (1, PIN)
    assert (config.mqtt_host, config.mqtt_port) == ("127.0.0.1", 1883)


def test_one_url_says_host_port_and_tls() -> None:
    for url, port in (("mqtts://broker.lan", 8883), ("mqtts://broker.lan:18883", 18883)):
        made = description_from({**BROKER, "broker": {"host": url, "pin": PIN}}).broker
        assert (made.host, made.port, made.tls) == ("broker.lan", port, True)
    made = description_from({**BROKER, "broker": {"host": "mqtt://broker.lan"}}).broker
    assert (made.host, made.port, made.tls) == ("broker.lan", 1883, False)


@pytest.mark.parametrize(
    ("broker", "words"),
    [
        ({"host": "mqtts://b"}, "broker.tls needs broker.ca or broker.pin"),
        ({"host": "b", "ca": "x"}, "broker.ca needs broker.tls"),
        ({"host": "b", "pin": PIN}, "broker.pin needs broker.tls"),
        ({"host": "mqtts://b", "pin": PIN[:-1]}, "broker.pin must be 64 hexadecimal digits"),
        ({"host": "mqtts://b", "pin": PIN, "key": "k"}, "certificate and broker.key belong"),
        ({"host": "mqtts://b", "pin": PIN, "port": 1}, "broker.port must be left out"),
        ({"host": "mqtts://u@b", "pin": PIN}, "broker.user is for it"),
        ({"host": "http://b"}, "broker.host must be a name"),
        ({"host": "mqtts://b:x", "pin": PIN}, "broker.host must be a name"),
    ],
)
def test_what_does_not_fit_together(broker: dict[str, object], words: str) -> None:
    with pytest.raises(DescriptionError, match=words) as caught:
        description_from({**BROKER, "broker": broker})
    assert "\n" not in str(caught.value)


def test_files_that_are_not_what_they_should_be(tmp_path: Path, authority: Pair) -> None:
    """One sentence each, and nothing is written."""
    leaf = issued(tmp_path, "leaf", authority)
    other = issued(tmp_path, "other", authority)
    over = issued(tmp_path, "over", begin=now() - 9 * DAY, end=now() - DAY, is_issuer=True)
    locked = tmp_path / "locked.key"
    key = load_pem_private_key(leaf.key.read_bytes(), None)
    form = (Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
    locked.write_bytes(key.private_bytes(*form))
    both = tmp_path / "both.pem"
    both.write_bytes(leaf.certificate.read_bytes() + authority.certificate.read_bytes())
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    trust = authority.certificate
    wrong = [
        (tmp_path / "nowhere", None, None, "broker.ca .*nowhere cannot be read: No such file"),
        (leaf.key, None, None, "broker.ca .*leaf.key is no certificate in PEM or DER"),
        (empty, None, None, "broker.ca .*empty is no certificate in PEM or DER"),
        (both, None, None, "both.pem must hold one certificate, not 2"),
        (over.certificate, None, None, r"over.pem has expired on \d{4}-\d\d-\d\d"),
        (leaf.certificate, None, None, "must be the certificate of an issuer.*CN=issuer"),
        (trust, leaf.certificate, other.key, "other.key is not the key of the certificate"),
        (trust, leaf.certificate, leaf.certificate, "is no private key in PEM or DER"),
        (trust, leaf.certificate, locked, "locked.key must be without a password"),
        (trust, leaf.key, leaf.key, "broker.certificate .*is no certificate"),
    ]
    for ca, certificate, private, words in wrong:
        keys = f'tls = true\nca = "{ca}"\n'
        if certificate:
            keys += f'certificate = "{certificate}"\nkey = "{private}"'
        source = wifi_file(tmp_path, user=keys)
        ran = provision("--from", source, "--out", tmp_path / "nodes")
        assert ran.exit_code == 2, ran.output
        message = " ".join(ran.stderr.split())
        assert message.count("filmgauge: ") == 1
        with pytest.raises(AssertionError, match=words):
            raise AssertionError(message)
        assert not (tmp_path / "nodes").exists()


def test_a_pin_is_the_digest_that_openssl_has() -> None:
    """That of the certificate in tests/firmware/uplink/mqtt/test_certificate.py."""
    text = (Path(__file__).parents[2] / "firmware/uplink/mqtt/test_certificate.py").read_text()
    sample: dict[str, bytes] = {}
    begin = text.index("DER = ")
    source = "from binascii import unhexlify\n" + text[begin : text.index("\n\n", begin)]
    exec(source, sample)
    assert pin_of(sample["DER"]) == sample["PIN"].decode()


def test_a_board_gets_those_that_differ(authority: Pair) -> None:
    archive = Archive({"filmgauge/__init__.mpy": b""})
    config = b'{"mqtt_tls":1}'
    ca = der(authority)

    def plan(has: dict[str, bytes], certificates: dict[str, bytes], config: bytes = config):
        sizes = {path: len(content) for path, content in has.items()}
        digests = {path: digest(content) for path, content in has.items()}
        contents = Contents(FileSystem(1 << 20, 1 << 20, 4096, True), sizes, digests)
        wanted = Wanted(archive, {}, None, config, b"profile", certificates)
        assert set(wanted.exchanged()) >= {path for path, data in certificates.items() if data}
        return make_plan(wanted, contents).exchanged

    assert plan({}, {"/ca.der": ca})["/ca.der"] == ca
    assert "/ca.der" not in plan({"/ca.der": ca}, {"/ca.der": ca})
    assert plan({"/ca.der": b"older"}, {"/ca.der": ca})["/ca.der"] == ca
    assert "/ca.der" not in plan({"/ca.der": ca}, {})
    for has in ({}, {"/ca.der": b""}):
        with pytest.raises(InputError, match=r"the board has no ca.der yet: give --node"):
            plan(has, {})
    # Those of an earlier description go, by an exchange that can be taken back.
    none = dict.fromkeys(CERTIFICATES, b"")
    plain = b'{"mqtt_tls":0}'
    assert not set(plan({}, none, plain)) & set(CERTIFICATES)
    assert not set(plan({"/client.key": b""}, none, plain)) & set(CERTIFICATES)
    gone = plan({"/ca.der": ca, "/client.key": b"key"}, none, plain)
    assert (gone["/ca.der"], gone["/client.key"]) == (b"", b"")
    assert "/client.der" not in gone
    assert plan({}, {}, b'{"mqtt_tls":1,"mqtt_pin":"00"}')
