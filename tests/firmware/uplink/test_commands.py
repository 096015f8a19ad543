"""Frames of commands: who is obeyed, who is not, and that no frame acts twice."""

import json
import os
import struct
from binascii import hexlify, unhexlify

from cell_profiles import written
from expect import raises
from peer_contexts import CONFIG, KEY, peer_with
from scratch_files import read_file, unused_path, write_file

from filmgauge.config import key_bytes
from filmgauge.state import State
from filmgauge.store.counters import StoredNumber
from filmgauge.uplink.actions import Actions, CommandPort
from filmgauge.uplink.commands import Commands, Refused, hmac
from filmgauge.uplink.peer_context import (
    REQUEST_NEW_SESSION,
    REQUEST_REBOOT,
    REQUEST_REPORT,
    REQUEST_RESET,
    REQUEST_ZERO,
)
from filmgauge.uplink.peer_requests import apply_requests

UNIX_S = 1800000000


def frame(operation, counter, payload=b"", key=KEY, node="window-1"):
    body = struct.pack("<BBI", 1, operation, counter) + payload
    return body + hmac(unhexlify(key), node.encode() + b"\0", body)[:16]


def refused(commands, data):
    """Return the status and the reason of a refusal."""
    try:
        commands.verify(data)
    except Refused as error:
        return error.status, error.reason
    raise AssertionError("it was obeyed")


def test_hmac_gives_the_vectors_of_rfc_4231():
    assert hexlify(hmac(b"\x0b" * 20, b"Hi There")) == (
        b"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    )
    assert hexlify(hmac(b"Jefe", b"what do ya want ", b"for nothing?")) == (
        b"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_a_whole_frame_is_the_one_that_the_library_of_a_pc_makes():
    # hmac.new(key, b"window-1\0" + body, "sha256").digest()[:16] of CPython for this body
    body = unhexlify("01010700000000d2496b")
    assert frame(1, 7, unhexlify("00d2496b"))[:10] == body
    commands = Commands("window-1", KEY, StoredNumber(unused_path()))
    mac = unhexlify(MAC)
    assert commands.verify(body + mac) == (7, 1, unhexlify("00d2496b"))


ANSWER_MAC = "40980cb8e48f4be4f3402072caadbb02"
MAC = "b3465531509fbeeb159446356e0e7b3d"


def test_a_frame_acts_once_whatever_becomes_of_the_power():
    path = unused_path()
    commands = Commands("window-1", KEY, StoredNumber(path))
    assert commands.verify(frame(1, 5, b"x")) == (5, 1, b"x")
    again = Commands("window-1", KEY, StoredNumber(path))
    for known in (commands, again):
        for counter in (5, 4, 0):
            status, reason = refused(known, frame(1, counter, b"x"))
            assert (status, reason) == (3, "counter must be above 5, not %d" % counter)
    assert again.verify(frame(1, 6)) == (6, 1, b"")
    assert StoredNumber(path).value == 6


def test_nobody_who_has_signed_once_ends_the_counter():
    path = unused_path()
    commands = Commands("window-1", KEY, StoredNumber(path))
    reason = "counter must be 1000000 at most, not 4294967294"
    assert refused(commands, frame(1, 0xFFFFFFFE)) == (3, reason)
    assert refused(commands, frame(1, 1000001))[0] == 3
    assert StoredNumber(path).value == 0
    assert commands.verify(frame(1, 1000000))[0] == 1000000
    assert refused(commands, frame(1, 2000001))[0] == 3
    number = StoredNumber(path)
    number.save(0xFFFFFFF0)
    commands = Commands("window-1", KEY, number)
    assert commands.verify(frame(1, 0xFFFFFFFE))[0] == 0xFFFFFFFE
    assert commands.verify(frame(1, 0xFFFFFFFF)) == (0xFFFFFFFF, 1, b"")
    assert refused(commands, frame(1, 0))[0] == 3


def test_the_counter_is_in_flash_before_anything_is_done():
    path = unused_path()
    write_file(path, b"a file where the directory should be")
    commands = Commands("window-1", KEY, StoredNumber(path))
    with raises(OSError):
        commands.verify(frame(1, 5))


def test_what_is_wrong_is_refused_and_changes_nothing():
    path = unused_path()
    commands = Commands("window-1", KEY, StoredNumber(path))
    whole = frame(1, 9, b"payload")
    assert refused(commands, frame(1, 9, key="11" * 16)) == (2, "the MAC is wrong")
    assert refused(commands, frame(1, 9, node="window-2")) == (2, "the MAC is wrong")
    for at in range(1, len(whole)):
        broken = bytearray(whole)
        broken[at] ^= 1
        assert refused(commands, bytes(broken))[0] == 2
    assert refused(commands, b"\x02" + whole[1:]) == (1, "frame version must be 1, not 2")
    assert refused(commands, whole[:21])[0] == 1
    assert refused(commands, bytes(257)) == (1, "frame must have 22 to 256 bytes, not 257")
    assert path not in os.listdir("/".join(path.split("/")[:-1]) or ".")
    assert commands.verify(whole)[0] == 9


def test_without_a_key_nobody_is_obeyed():
    commands = Commands("window-1", "", StoredNumber(unused_path()))
    assert refused(commands, frame(1, 1)) == (2, "the node has no command_key")


def test_a_key_has_32_digits():
    for text in ("", "00", "zz" * 16, "0" * 31):
        with raises(ValueError, "command_key must be 32 hexadecimal digits"):
            key_bytes("command_key", text)
    assert key_bytes("command_key", KEY) == unhexlify(KEY)


def test_a_configuration_comes_in_parts_and_is_written_whole():
    path = unused_path()
    write_file(path, CONFIG % KEY.encode())
    actions = Actions(peer_with(unused_path(), 0), path)
    text = b'{"sample_s": 300, "command_key": null}'
    before = read_file(path)
    assert actions.do(5, struct.pack("<HH", 0, len(text)) + text[:20]) == "20 of 38"
    assert read_file(path) == before
    reply = actions.do(5, struct.pack("<HH", 20, len(text)) + text[20:])
    assert reply == "2 keys changed, used after the next boot"
    values = json.loads(read_file(path))
    assert values["sample_s"] == 300
    assert "command_key" not in values
    assert values["node"] == "window-1"


def test_a_configuration_that_is_wrong_leaves_the_old_one():
    path = unused_path()
    write_file(path, CONFIG % KEY.encode())
    actions = Actions(peer_with(unused_path(), 0), path)
    before = read_file(path)
    for text, reason in (
        (b'{"sample_s": 0}', "sample_s must be 1 to 86400, not 0"),
        (b'{"node": null}', "node is missing"),
        (b'{"hm": 1}', "no key hm"),
        (b"[1]", "must be a JSON object"),
        (b"\xff\xfe", "is not JSON"),
    ):
        with raises(Refused, reason):
            actions.do(5, struct.pack("<HH", 0, len(text)) + text)
    assert read_file(path) == before


def test_parts_out_of_order_are_refused():
    actions = Actions(peer_with(unused_path(), 0), unused_path())
    part = struct.pack("<HH", 3, 20) + b"abc"
    with raises(Refused, "offset must be 0, not 3"):
        actions.do(5, part)
    actions.do(5, struct.pack("<HH", 0, 20) + b"abc")
    with raises(Refused, "offset must be 3, not 4"):
        actions.do(5, struct.pack("<HH", 4, 20) + b"abc")
    with raises(Refused, "beyond the total of 5"):
        actions.do(5, struct.pack("<HH", 3, 5) + b"abc")
    assert actions.do(5, part) == "6 of 20"


def test_time_wishes_and_forget():
    peer = peer_with(unused_path(), 10)
    port = CommandPort(peer, StoredNumber(unused_path()))
    assert peer.unix_s() == 0
    assert port.execute(frame(1, 1, struct.pack("<I", UNIX_S))) == (1, 0, "set")
    peer.board.now_ms += 7000
    assert peer.unix_s() == UNIX_S + 7
    assert port.execute(frame(2, 2))[1] == 0
    assert port.execute(frame(4, 3)) == (3, 0, "reset after this wake")
    assert peer.requests == REQUEST_REPORT | REQUEST_REBOOT
    assert port.execute(frame(3, 4)) == (4, 5, "the node cannot show its sensor's zero")
    assert port.execute(frame(6, 5, struct.pack("<III", 0, 1, 6))) == (5, 0, "7 removed")
    assert peer.backlog.oldest() == (0, 1, 7)
    assert peer.board.fed == 7
    assert port.execute(frame(6, 6, struct.pack("<III", 0, 9, 0))) == (6, 0, "3 removed")
    assert port.execute(frame(99, 7)) == (7, 4, "there is no operation 99")
    assert port.execute(frame(2, 7))[1] == 3


def test_a_zero_that_is_asked_for_waits_whatever_else_is():
    desk = peer_with(unused_path(), 1)
    for request in (0, REQUEST_REPORT, REQUEST_RESET, REQUEST_NEW_SESSION, REQUEST_REBOOT):
        state = State()
        state.requests = REQUEST_ZERO
        desk.requests, desk.refused = request, int(not request)
        apply_requests(desk, state)
        later = request & (REQUEST_REPORT | REQUEST_NEW_SESSION)
        assert state.requests == REQUEST_ZERO | later
    # What the wake that ends has done is not done again.
    state.requests = REQUEST_REPORT | REQUEST_NEW_SESSION
    desk.requests = REQUEST_ZERO
    apply_requests(desk, state)
    assert state.requests == REQUEST_ZERO


def test_a_refusal_is_counted_and_says_which_frame_it_was():
    peer = peer_with(unused_path(), 1)
    port = CommandPort(peer, StoredNumber(unused_path()))
    assert port.execute(frame(2, 5)) == (5, 0, "the next wake reports")
    assert port.execute(frame(2, 5))[:2] == (5, 3)
    assert port.execute(frame(99, 6))[:2] == (6, 4)
    for wrong in (frame(2, 7, node="window-2"), frame(2, 7)[:-1], bytes(257), b""):
        assert port.execute(wrong)[0] == 0
    assert peer.refused == 6
    assert port.execute(frame(8, 7)) == (7, 0, "the counters begin anew")
    assert peer.requests == REQUEST_REPORT | REQUEST_RESET


def test_only_what_nobody_can_send_again_shows_that_the_key_is_there():
    """A version that does not keep its counter must not pass its trial by what somebody has heard
    before (upgrade/trial.py)."""
    peer = peer_with(unused_path(), 1)
    port = CommandPort(peer, StoredNumber(unused_path()))
    assert port.execute(frame(10, 1, bytes(5)))[0] == 1  # a piece, of no version
    assert port.execute(frame(11, 1, bytes(3)))[0] == 1  # the question for crash records
    assert port.execute(frame(2, 5, key="00" * 16))[1] == 2
    assert not peer.obeyed
    assert port.execute(frame(2, 5))[1] == 0
    assert peer.obeyed


def test_an_answer_has_a_mac_of_its_own():
    commands = Commands("window-1", KEY, StoredNumber(unused_path()))
    # hmac.new(key, b"window-1\\0ack 7 3 9 old", "sha256").hexdigest()[:32] of CPython
    assert commands.mac_of_answer(7, 3, "old", 9) == ANSWER_MAC


def test_a_profile_comes_in_parts_and_counts_when_it_is_whole():
    path = unused_path()
    write_file(path, b"the old one")
    data = written()

    def part(actions, offset, total, octets):
        return actions.do(7, struct.pack("<HH", offset, total) + octets)

    actions = Actions(peer_with(unused_path(), 1), profile_path=path)
    assert part(actions, 0, len(data), data[:100]) == "100 of %d" % len(data)
    again = Actions(peer_with(unused_path(), 1), profile_path=path)  # after a sleep
    with raises(Refused, "offset must be 100 or 0, not 99"):
        part(again, 99, len(data), data[99:])
    assert read_file(path) == b"the old one"
    assert "used after the next boot" in part(again, 100, len(data), data[100:])
    assert read_file(path) == data
    wrong = data[:-1] + bytes([data[-1] ^ 1])
    part(again, 0, len(wrong), wrong[:100])
    with raises(Refused, "profile"):
        part(again, 100, len(wrong), wrong[100:])
    assert read_file(path) == data
    for offset, total, octets in ((0, 5000, b"x"), (0, 2, b"xyz"), (0, 9, b"")):
        with raises(Refused, ""):
            part(again, offset, total, octets)
    peer = peer_with(unused_path(), 1)
    peer.board.files_outlive_cuts = False
    with raises(Refused, "a power cut can end the file system of this board"):
        part(Actions(peer, profile_path=path), 0, len(data), data[:100])
    assert read_file(path) == data
