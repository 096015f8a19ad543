"""What a node reads in a certificate, whatever it is given."""

from binascii import hexlify, unhexlify
from hashlib import sha256

from expect import raises

from filmgauge.uplink.mqtt.certificate import begins, public_key

# openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=broker.lan -outform DER
DER = unhexlify(
    "308201963082013ca00302010202145303c517cc3573b7d12f1cdf1c09a78578e123e6300a06082a8648ce3d"
    "04030230153113301106035504030c0a62726f6b65722e6c616e301e170d3236313132393135343632325a17"
    "0d3336313132363135343632325a30153113301106035504030c0a62726f6b65722e6c616e3059301306072a"
    "8648ce3d020106082a8648ce3d0301070342000458c0ae15a6680bce3b720a9afee9f4d9b66a326e455a5f99"
    "66bb9f5ca7f62c6411d1527d20b5e9bc51f4ada365cc5c742e891505b882626d146561ee5218fcf7a36a3068"
    "301d0603551d0e04160414b4a88ec1e004e6a96b447cbf294e731a735d28bf301f0603551d23041830168014"
    "b4a88ec1e004e6a96b447cbf294e731a735d28bf300f0603551d130101ff040530030101ff30150603551d11"
    "040e300c820a62726f6b65722e6c616e300a06082a8648ce3d0403020348003045022003a8c104697cece333"
    "ae13b7be6e395d26a2bf495e1a6af08e826deee838b0a50221009e131bb327c54b07b6c2c2a976d2dc2bc722"
    "e7ba414cb2b27de437ad2f087c28"
)
# openssl x509 -pubkey | openssl pkey -pubin -outform DER | sha256sum; openssl x509 -startdate
PIN = b"f691515f5669abecdf1e1d1264420811f4736841e36a645775796bc780bef943"
BEGINS = "20261129154622"


def reads(der):
    """Read both; whatever is wrong with it is a ValueError."""
    for read in (public_key, begins):
        try:
            read(der)
        except ValueError:
            pass


def test_key_and_beginning_are_those_that_openssl_finds():
    for der in (DER, memoryview(DER)):
        assert hexlify(sha256(public_key(der)).digest()) == PIN
        assert begins(der) == BEGINS


def test_a_part_of_a_certificate_is_none():
    key = bytes(public_key(DER))
    end = DER.find(key) + len(key)
    for length in range(end):
        with raises(ValueError, "no certificate"):
            public_key(DER[:length])
    with raises(ValueError, "no certificate"):
        begins(b"")


def test_every_byte_may_be_another_one():
    der = bytearray(DER)
    for at in range(len(der)):
        right = der[at]
        for other in (0, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF, right ^ 1):
            der[at] = other
            reads(der)
        der[at] = right


def test_a_length_beyond_the_field_around_it_is_no_certificate():
    for head in (b"\x30\x84\xff\xff\xff\xff", b"\x30\x80", b"\x30\x82\xff\xff", b"\x30\x81\xff"):
        with raises(ValueError, "no certificate"):
            public_key(head + DER[4:])


def test_dates_of_either_form():
    at = DER.find(b"\x17\x0d")
    old = DER[:at] + b"\x17\x0d991231235959Z" + DER[at + 15 :]
    assert begins(old) == "19991231235959"
    for wrong in (b"\x17\x0d26112915462\xffZ", b"\x17\x0d2611291546+1Z", b"\x04\x0d261129154622Z"):
        with raises(ValueError, "no certificate"):
            begins(DER[:at] + wrong + DER[at + 15 :])
