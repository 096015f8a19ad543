"""What went wrong: how often in a row, and when and where, for whoever can mend it.

    count = crash.record_failure(error, (boot, seq, up_s), device)        # of failures in a row
    count = crash.check(cause, device)                          # at a boot; the watchdog's counts
    crash.clear(device)                                         # a wake has made its record
    for name, text in crash.waiting(device): ...                # JSON, the first and the newest
    crash.forget(name, device)                                  # it has been reported

It stands beside launch.py and needs nothing of the version in place, which may be what failed.
Failures and records are files, each with its CRC-32 behind it; where the board's file system does
not outlive a cut, `device` is that of its last two pages (filmgauge/store/page_pair.py).
"""

import binascii
import gc
import json
import struct
import sys

MOST = 5  # failures in a row after which only the safe mode runs (safe.py)
# How many in a row, without a record made in between, and the CRC-32 of the configuration that was
# in place: another one is tried at once.
FAILURES = "failures"
FIRST = "crash.0"
NEWEST = "crash.1"
_WATCHDOG = 3  # of causes, as all ports number machine.reset_cause
_POWER_ON = 1
_HANG = "Watchdog"  # type of what it has ended, or a panic (board/__init__.py), in a record
_LONGEST = 120  # of a record: with its CRC it lies inside its directory's entry
_TRACE_BYTES = 2048


def record_failure(error, key, device=None, in_row=True) -> int:
    """Count a failure and keep its record; return how many there were in a row, with this one.

    error: an exception, or its name. key: boot, seq and the node's time in s, None where nobody
    knows. in_row False: only the record is kept. It raises nothing.
    """
    try:
        store = open_store(device)
        count = _count(store) + 1 if in_row else 0
        if in_row and count <= MOST:
            _write_count(store, count)
        _keep(store, error, key)
        return count
    except Exception as failed:  # flash that is full or gone: the node goes on without
        print("crash: not kept:", failed)
        return 0


def check(cause, device=None) -> int:
    """Return how many failures in a row there were. The watchdog has ended one more; somebody who
    takes the power away and brings it back wants the whole firmware tried once more."""
    try:
        if cause == _WATCHDOG:
            return record_failure(_HANG, None, device)
        store = open_store(device)
        count = _count(store)
        if cause == _POWER_ON and count >= MOST:
            try_again(device)
            return MOST - 1
        return count
    except Exception as failed:
        print("crash: not read:", failed)
        return 0


def try_again(device=None) -> None:
    """Let the whole firmware run once more: with its next failure the safe mode goes on. OSError
    from flash."""
    _write_count(open_store(device), MOST - 1)


def clear(device=None) -> None:
    """Forget the failures in a row."""
    try:
        open_store(device).remove(FAILURES)
    except OSError as failed:
        print("crash: not cleared:", failed)


def clear_hang(device=None) -> None:
    """Forget the failures in a row where the watchdog's was the last."""
    found = waiting(device)
    if found and json.loads(found[-1][1])["type"] == _HANG:
        clear(device)


def waiting(device=None):
    """Return name and JSON text of the records that nobody has reported yet: first and newest."""
    store = open_store(device)
    found = [(name, store.read(name)) for name in (FIRST, NEWEST)]
    return [(name, text.decode()) for name, text in found if text]


def forget(name, device=None) -> None:
    """Forget a record: it has been reported. OSError from flash."""
    open_store(device).remove(name)


def open_store(device=None, folder="/"):
    """Return what keeps small things beside the version: read, write and remove by name."""
    if device is not None:
        from filmgauge.store.page_pair import PagePair

        return PagePair(device)
    return _Files(folder)


def location(error) -> str:
    """Return where an exception was raised: module, function, and the line where the bytecode has
    it; `?` where nobody knows."""
    import io

    buffer = io.StringIO()
    sys.print_exception(error, buffer)  # pyright: ignore
    text = buffer.getvalue()  # pyright: ignore
    for line in reversed(text[-_TRACE_BYTES:].split("\n")):
        if line.startswith('  File "'):
            path, _, rest = line[8:].partition('"')
            number, _, function = rest.partition(", in ")
            name = path.split("/")[-1].rsplit(".", 1)[0]
            number = number.split(" ")[-1]
            if function and function != "<module>":
                name += "." + function
            return name + ":" + number if number != "1" else name
    return "?"


def _count(store):
    found = store.read(FAILURES)
    return found[0] if found and found[1:] == _configuration() else 0


def _write_count(store, count):
    store.write(FAILURES, bytes((count,)) + _configuration())


def _configuration():
    try:
        with open("/config.json", "rb") as file:
            return struct.pack("<I", binascii.crc32(file.read()))
    except OSError:
        return b"none"


def _keep(store, error, key):
    """Keep a record: the newest in place of the one before, unless it says the same."""
    gc.collect()
    free = gc.mem_free() if hasattr(gc, "mem_free") else None  # pyright: ignore
    is_name = isinstance(error, str)
    record: dict = {
        "type": error if is_name else type(error).__name__,
        "at": "?" if is_name else location(error),
    }
    found = [store.read(name) for name in (FIRST, NEWEST)]
    newest = json.loads(found[1] or found[0] or b"{}")
    if all(newest.get(name) == record[name] for name in record):
        return
    if key is not None:
        record["boot"], record["seq"], record["up_s"] = key
    if free is not None:
        record["free"] = free
    text = json.dumps(record).replace(": ", ":").replace(", ", ",").encode()
    if len(text) <= _LONGEST:
        store.write(NEWEST if found[0] else FIRST, text)
    else:
        record["at"] = "?"
        store.write(NEWEST if found[0] else FIRST, json.dumps(record).encode())


class _Files:
    """Files in one folder: what is torn is not there."""

    def __init__(self, folder):
        self._folder = folder

    def read(self, name):
        """Return the bytes, None where there are none that are whole."""
        try:
            with open(self._folder + name, "rb") as file:
                data = file.read()
        except OSError:
            return None
        if len(data) < 4 or struct.unpack("<I", data[-4:])[0] != binascii.crc32(data[:-4]):
            return None
        return data[:-4]

    def write(self, name, data):
        """Write them; OSError from flash."""
        with open(self._folder + name, "wb") as file:
            file.write(data + struct.pack("<I", binascii.crc32(data)))

    def remove(self, name):
        """Remove them, if there are any; OSError from flash."""
        import os

        try:
            os.remove(self._folder + name)
        except OSError as error:
            if error.args[0] != 2:
                raise
