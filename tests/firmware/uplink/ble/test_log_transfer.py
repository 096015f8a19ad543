"""The log in pieces: order, numbering, end, and what a stack that is full makes of it."""

import struct

from peer_contexts import peer_with, record
from scratch_files import unused_path

from filmgauge.uplink.ble.log_transfer import LogTransfer


def pieces(transfer, room, most=10000):
    """Return what is sent until the end."""
    sent = []
    while transfer.busy and len(sent) < most:
        piece = transfer.piece(room)
        assert 0 < len(piece) <= room
        assert transfer.piece(room) is piece  # asked again where the stack was full
        transfer.sent()
        sent.append(piece)
    return sent


def records_in(sent):
    """Return the records of pieces that end with the end."""
    found, data, number = [], b"", 0
    for piece in sent[:-1]:
        assert piece[0] & 0x7F == number
        data += piece[1:]
        number += 1
        if piece[0] & 0x80:
            found.append(data)
            data, number = b"", 0
    assert not data
    return found


def of(*seqs):
    return [record(seq).to_bytes() for seq in seqs]


def test_every_room_gives_the_same_records():
    backlog = peer_with(unused_path(), 4).backlog
    for room in (5, 20, 97, 182, 500):
        transfer = LogTransfer(backlog)
        transfer.begin(0, 0, 0, 100)
        sent = pieces(transfer, room)
        assert records_in(sent) == of(0, 1, 2, 3)
        assert sent[-1] == b"\xff" + struct.pack("<HH", 4, 0)
    assert transfer.piece(20) == b""


def test_what_is_newer_and_no_more_than_asked_for():
    backlog = peer_with(unused_path(), 30).backlog
    transfer = LogTransfer(backlog)
    for boot, seq, count, first, last, left in (
        (1, 4, 3, 5, 7, 22),
        (1, 27, 9, 28, 29, 0),
        (0, 99, 1, 0, 0, 29),
        (1, 29, 9, 0, -1, 0),
        (2, 0, 9, 0, -1, 0),
        (1, 3, 0, 0, -1, 26),
    ):
        transfer.begin(0, boot, seq, count)
        sent = pieces(transfer, 182)
        assert records_in(sent) == of(*range(first, last + 1))
        assert sent[-1] == b"\xff" + struct.pack("<HH", last - first + 1, left)


def test_a_new_request_takes_the_place_of_the_old():
    transfer = LogTransfer(peer_with(unused_path(), 9).backlog)
    transfer.begin(0, 0, 0, 9)
    transfer.piece(20)
    transfer.sent()
    transfer.begin(0, 1, 7, 9)
    assert records_in(pieces(transfer, 20)) == of(8)


def test_stop_ends_with_the_record_under_way():
    transfer = LogTransfer(peer_with(unused_path(), 9).backlog)
    transfer.begin(0, 0, 0, 9)
    first = transfer.piece(50)
    transfer.sent()
    transfer.stop()
    sent = [first] + pieces(transfer, 50)
    assert records_in(sent) == of(0)
    assert sent[-1] == b"\xff" + struct.pack("<HH", 1, 8)


def test_a_record_that_was_dropped_meanwhile_is_passed_over():
    backlog = peer_with(unused_path(), 5).backlog
    transfer = LogTransfer(backlog)
    transfer.begin(0, 0, 0, 9)
    backlog.remove(backlog.name(2))
    assert records_in(pieces(transfer, 182)) == of(0, 1, 3, 4)
