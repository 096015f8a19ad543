"""The link of a board with a serial port: as `_link`, but a Ctrl-C never tears an exchange.

The host tells of one with its next answer. Only where the firmware makes no request for long it
sends SIGINT, which the unix port raises at any moment; what has begun is brought to its end first.
Nothing is allocated between filling a request and reading its answer: that could collect garbage,
and the end of a file that nobody closed makes requests of its own, with the heap locked.
"""

import _protocol
import ustruct

_file = open(3, "r+b")
_request = bytearray(_protocol.REQUEST_SIZE)
_answer = bytearray(_protocol.ANSWER_SIZE)
_clock = [0, 0]  # board clock at the last answer, us since then


def call(operation, small=0, argument=0, data=b""):
    """Make a request and wait for its answer; OSError with the errno the host gives."""
    return _exchange(operation, small, argument, data, None)


def call_into(operation, small, argument, buffer):
    """Make a request whose answer fills `buffer`."""
    _exchange(operation, small, argument, b"", buffer)


def _exchange(operation, small, argument, data, into):
    ustruct.pack_into(
        _protocol.REQUEST,
        _request,
        0,
        operation,
        small,
        len(data),
        argument & 0xFFFFFFFF,
        _clock[1],
    )
    done = 0
    status = length = 0
    got = b""
    interrupted = False
    while done < 4:
        try:
            if done == 0:
                _file.write(_request)
                done = 1
            if done == 1:
                _file.write(data)
                done = 2
            if done == 2:
                if _file.readinto(_answer) != _protocol.ANSWER_SIZE:
                    raise SystemExit  # the host is gone
                done = 3
                status = _answer[0] | _answer[1] << 8
                length = _answer[2] | _answer[3] << 8
                _store_clock()
                if status & _protocol.INTERRUPTED:
                    interrupted = True
                    status &= ~_protocol.INTERRUPTED
            if length and into is not None and length == len(into):
                _file.readinto(into)
            elif length:
                got = _file.read(length)
            done = 4
        except KeyboardInterrupt:
            interrupted = True
    if interrupted:
        raise KeyboardInterrupt
    if status:
        raise OSError(status)
    if into is not None and length != len(into):
        raise OSError(5)
    return got


def _store_clock():
    """Keep the clock of an answer, where there is room for it: a later answer has a later one."""
    _clock[1] = 0
    try:
        _clock[0] = ustruct.unpack_from("<Q", _answer, _protocol.CLOCK_AT)[0]
    except MemoryError:
        pass


def now_us():
    """Return the board clock in us since power-on."""
    return _clock[0] + _clock[1]


running_us = now_us


def elapse(us):
    """Let time pass on the board: the host is told with the next request, or after a while."""
    _clock[1] += us
    if _clock[1] > _protocol.LONGEST_UNTOLD_US:
        call(_protocol.SLEEP_US)
