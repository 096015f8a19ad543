"""BTHome advertising data: published vectors, layout, and what is left out."""

from binascii import hexlify, unhexlify

from expect import raises

from filmgauge.record.record import Record
from filmgauge.uplink.ble.aes import Aes, block_cipher
from filmgauge.uplink.ble.bthome import encrypted, objects, plain, without_values
from filmgauge.uplink.ble.ccm import seal

WHOLE = {
    "boot": 3,
    "seq": 0x1234,
    "up_s": 10,
    "soc_ppm": 500000,
    "shown_ppm": 614999,
    "stored_nah": 0x01020304,
    "voltage_uv": 2150499,
    "current_pa": -1500499,
    "temperature_cdeg": -525,
}
KEY = unhexlify("231d39c1d7cc1ab1aee224cd096db932")  # of the example at bthome.io/encryption
ADDRESS = unhexlify("5448e68f80a5")


def test_aes_gives_the_vector_of_fips_197():
    key = unhexlify("000102030405060708090a0b0c0d0e0f")
    block = unhexlify("00112233445566778899aabbccddeeff")
    expected = b"69c4e0d86a7b0430d8cdb78070b4c55a"
    assert hexlify(Aes(key).encrypt(block)) == expected
    assert hexlify(block_cipher(key)(block)) == expected


def test_aes_gives_the_vectors_of_sp_800_38a():
    encrypt = Aes(unhexlify("2b7e151628aed2a6abf7158809cf4f3c")).encrypt
    for text, expected in (
        ("6bc1bee22e409f96e93d7e117393172a", b"3ad77bb40d7a3660a89ecaf32466ef97"),
        ("ae2d8a571e03ac9c9eb76fac45af8e51", b"f5d3d58503b9699de785895a96fdbaaf"),
        ("f69f2445df4f9b17ad2b417be66c3710", b"7b0c785e27e8ad3f8223207104725dd4"),
    ):
        assert hexlify(encrypt(unhexlify(text))) == expected


def test_a_key_has_16_bytes():
    with raises(ValueError, "16 bytes, not 15"):
        block_cipher(bytes(15))


def test_ccm_gives_packet_vector_1_of_rfc_3610_without_its_header():
    # The vector authenticates 8 bytes of header too, so only its cipher text is comparable.
    key = unhexlify("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf")
    nonce = unhexlify("00000003020100a0a1a2a3a4a5")
    text = unhexlify("08090a0b0c0d0e0f101112131415161718191a1b1c1d1e")
    sealed, _ = seal(block_cipher(key), nonce, text, 8)
    assert hexlify(sealed) == b"588c979a61c663d2f066d0c2c0f989806d5f6b61dac384"


def test_ccm_gives_the_published_example_of_bthome():
    nonce = ADDRESS + unhexlify("d2fc") + b"\x41" + unhexlify("00112233")
    sealed, mic = seal(block_cipher(KEY), nonce, unhexlify("02ca0903bf13"), 4)
    assert hexlify(sealed) == b"a47266c95f73"
    assert hexlify(mic) == b"78237214"


def test_ccm_refuses_another_nonce():
    with raises(ValueError, "13 bytes, not 12"):
        seal(block_cipher(KEY), bytes(12), b"", 4)


def test_a_plain_record_fills_the_31_bytes():
    data = plain(Record(**WHOLE))
    assert (
        hexlify(data)
        == (
            b"020106" + b"1b16d2fc44"  # flags; 27 bytes of service data for 0xFCD2, version 2
            b"0034" + b"013d" + b"02f3fd" + b"0c6608"  # packet, 61 %, -5.25 degC, 2150 mV
            b"3d3412" + b"3e04030201" + b"5b24faffff"  # seq, nAh, -1500 nA
        )
    )
    assert len(data) == 31


def test_an_encrypted_record_fills_the_31_bytes():
    data = encrypted(Record(**WHOLE), block_cipher(KEY), ADDRESS, 0x04030201)
    assert len(data) == 31
    assert hexlify(data[:8]) == b"0201061b16d2fc45"
    assert hexlify(data[23:27]) == b"01020304"


UNKNOWN = b"01ff" + b"020080" + b"0cffff"


def test_what_is_not_known_is_there_as_that():
    record = Record(boot=0, seq=256, up_s=0)
    assert hexlify(objects(record, False)) == b"0000" + UNKNOWN + b"5b00000080"
    wanted = b"0000" + UNKNOWN + b"3d0001" + b"3effffffff" + b"5b00000080"
    assert hexlify(objects(record, True)) == wanted


def test_objects_are_the_same_in_every_record():
    names = ("shown_ppm", "temperature_cdeg", "voltage_uv", "stored_nah", "current_pa")
    known = Record(**WHOLE)
    whole = objects(known, True)
    for unknown in range(1 << len(names)):
        values = dict(WHOLE)
        for i, name in enumerate(names):
            if unknown >> i & 1:
                values[name] = None
        found = objects(Record(**values), True)
        assert len(found) == 23
        for at in (0, 2, 4, 7, 10, 13, 18):
            assert found[at] == whole[at]
        for i, (begin, end) in enumerate(((3, 4), (5, 7), (8, 10), (14, 18), (19, 23))):
            assert (found[begin:end] == whole[begin:end]) == (not unknown >> i & 1)


def test_a_key_that_must_not_be_used_leaves_no_value():
    assert (
        hexlify(without_values(Record(**WHOLE))) == b"020106" + b"0816d2fc44" + b"0034" + b"2601"
    )


def test_the_shown_charge_goes_before_the_raw_one():
    values = {"boot": 0, "seq": 0, "up_s": 0, "soc_ppm": 994999}
    assert objects(Record(**values), False)[:4] == b"\x00\x00\x01\x63"
    values["shown_ppm"] = 1000000
    assert objects(Record(**values), False)[:4] == b"\x00\x00\x01\x64"


def test_numbers_at_their_bounds_fit():
    wide = Record(
        boot=0,
        seq=0xFFFFFF,
        up_s=0,
        voltage_uv=85000000,
        current_pa=-0x7FFFFFFF,
        temperature_cdeg=25600,
        stored_nah=-5,
    )
    assert hexlify(objects(wide, True)) == b"00ff01ff" + b"020064" + b"0cfeff" + b"3dffff" + (
        b"3e00000000" + b"5b643bdfff"
    )
