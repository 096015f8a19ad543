"""The link of a real interpreter to the host that plays its board: file descriptor 3."""

import _protocol
import ustruct

# Nothing is allocated between filling a request and reading all of its answer, but for what `call`
# returns: that could collect garbage, and the end of a file that nobody closed makes requests of
# its own, with a locked heap.
_file = open(3, "r+b")
_request = bytearray(_protocol.REQUEST_SIZE)
_answer = bytearray(_protocol.ANSWER_SIZE)
# Board clock at the last answer, us since then, the clock from which time runs, and 1 until the
# first request behind HELLO: before it, another boot may go on from here.
_clock = [0, 0, 0, 1]


def call(operation, small=0, argument=0, data=b""):
    """Make a request and wait for its answer; OSError with the errno the host gives."""
    n = _exchange(operation, small, argument, data)
    data = b""
    if n:
        try:
            data = _file.read(n)
        except MemoryError:
            while n > 0:  # or the next request would take it for its own answer
                n -= _file.readinto(_answer, min(n, _protocol.ANSWER_SIZE))
            raise
    _store_clock()
    return data


def call_into(operation, small, argument, buffer):
    """Make a request whose answer fills `buffer`."""
    n = _exchange(operation, small, argument, b"")
    if n != len(buffer):
        raise OSError(5)
    _file.readinto(buffer)
    _store_clock()


def _exchange(operation, small, argument, data):
    """Return how many bytes the answer has, which are to be read before anything else."""
    if _clock[3] and operation != _protocol.HELLO:
        _begin_own()
    argument &= 0xFFFFFFFF
    ustruct.pack_into(
        _protocol.REQUEST, _request, 0, operation, small, len(data), argument, _clock[1]
    )
    _file.write(_request)
    _file.write(data)
    if _file.readinto(_answer) != _protocol.ANSWER_SIZE:
        raise SystemExit  # the host is gone
    _clock[1] = 0
    status = _answer[0] | _answer[1] << 8
    if status:
        _store_clock()
        raise OSError(status)
    return _answer[2] | _answer[3] << 8


def _store_clock():
    """Keep the clock of an answer, where there is room for it: a later answer has a later one."""
    try:
        _clock[0] = ustruct.unpack_from("<Q", _answer, _protocol.CLOCK_AT)[0]
    except MemoryError:
        pass


def _begin_own():
    """Let the host know how far boots are alike; this is one of them from now on, and its clock
    is its own."""
    _clock[3] = 0
    before = _clock[0]
    ustruct.pack_into(_protocol.REQUEST, _request, 0, _protocol.KNOWN, 0, 0, 0, 0)
    _file.write(_request)
    if _file.readinto(_answer) != _protocol.ANSWER_SIZE:
        raise SystemExit
    _store_clock()
    _clock[2] += _clock[0] - before


def now_us():
    """Return the board clock in us since power-on."""
    if _clock[3]:
        _begin_own()
    return _clock[0] + _clock[1]


def running_us():
    """Return a time in us that runs as the board clock does, whenever it began."""
    return _clock[0] + _clock[1] - _clock[2]


def elapse(us):
    """Let time pass on the board: the host is told with the next request, or after a while."""
    _clock[1] += us
    if (
        _clock[1] > _protocol.LONGEST_UNTOLD_US
    ):  # else a loop that only looks at the clock never ends
        call(_protocol.SLEEP_US)
