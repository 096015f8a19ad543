"""Signatures: the vectors of RFC 8032, and all that must not pass for one."""

import hashlib
from binascii import hexlify, unhexlify

from filmgauge.upgrade.ed25519 import is_signed
from filmgauge.upgrade.sha512 import sha512

L = 2**252 + 27742317777372353535851937790883648493
P = 2**255 - 19
# RFC 8032, 7.1: tests 1, 2, 3 and SHA(abc). Public key, message, signature.
VECTORS = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
        "f9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0"
        "f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f76098"
        "4dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3"
        "feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c664"
        "31e0303dca179c138ac17ad9bef1177331a704",
    ),
)
# Points of order 1, 2, 4 and 8, and encodings of them that are not canonical.
SMALL = (
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0100000000000000000000000000000000000000000000000000000000000080",
)


class Feeds:
    """Counts how often the watchdog is fed."""

    count = 0

    def __call__(self):
        self.count += 1


def vector(number):
    return [unhexlify(text) for text in VECTORS[number]]


def test_the_vectors_of_rfc_8032():
    for i in range(len(VECTORS)):
        feeds = Feeds()
        assert is_signed(*vector(i), feeds)
        assert 40 < feeds.count < 100


def test_the_digests_of_fips_180():
    abc = sha512(b"abc", Feeds())
    assert hexlify(abc).decode() == VECTORS[3][1]
    assert hexlify(sha512(b"", Feeds())) == (
        b"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
        b"47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
    )
    if hasattr(hashlib, "sha512"):  # no port of MicroPython has it
        for length in (1, 110, 111, 112, 119, 120, 127, 128, 129, 239, 240, 255, 256, 700):
            message = bytes([length & 255]) * length
            assert sha512(message, Feeds()) == hashlib.sha512(message).digest()


def test_nothing_that_differs_in_a_bit_passes():
    key, message, signature = vector(2)
    for part, at in ((0, 3), (1, 0), (2, 0), (2, 31), (2, 32), (2, 63)):
        parts = [key, message, signature]
        changed = bytearray(parts[part])
        changed[at] ^= 0x20
        parts[part] = bytes(changed)
        assert not is_signed(*parts, Feeds())
    assert not is_signed(vector(0)[0], message, signature, Feeds())


def test_a_signature_has_one_form():
    key, message, signature = vector(1)
    scalar = int.from_bytes(signature[32:], "little")
    for other in (scalar + L, scalar + 8 * L, L, 2**256 - 1):
        assert not is_signed(key, message, signature[:32] + other.to_bytes(32, "little"), Feeds())
    # R with the other sign of x, and with y beyond P
    y = int.from_bytes(signature[:32], "little")
    for other in (y ^ 1 << 255, (y & (1 << 255) - 1) + P & (1 << 256) - 1):
        assert not is_signed(key, message, other.to_bytes(32, "little") + signature[32:], Feeds())


def test_a_key_of_small_order_vouches_for_nothing():
    # With the key 1 and S = 0 the equation holds for every message where R is 1.
    forged = unhexlify(SMALL[0]) + bytes(32)
    for text in SMALL:
        assert not is_signed(unhexlify(text), b"any", forged, Feeds())


def test_what_has_another_length_is_nothing():
    key, message, signature = vector(0)
    for wrong in (b"", key[:31], key + b"\0"):
        assert not is_signed(wrong, message, signature, Feeds())
    for wrong in (b"", signature[:63], signature + b"\0"):
        assert not is_signed(key, message, wrong, Feeds())


def test_a_key_that_is_no_point():
    message, signature = vector(0)[1:]
    key = (2).to_bytes(32, "little")  # (4 - 1) / (4 d + 1) is no square
    assert not is_signed(key, message, signature, Feeds())
