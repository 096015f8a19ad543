"""Chooses the version of the firmware that runs. It stays outside of what it exchanges.

A version is three files: app.bin (the modules in one archive), config.json and profile.bin.

    NAME.new    brought by a host; counts only once the file `switch` is there
    switch      every NAME.new is whole: they take their places at the next boot; where there is
                something in it, the files are in /incoming: a byte, and one for each time that
                somebody has begun to check them
    NAME.old    what was in that place before, until the new version has reported
    NAME.none   nothing was in that place before, and something runs without it: an archive, or
                firmware in /lib or frozen
    state.old   what the version before remembered (filmgauge/migration.py)
    trial       the version has not reported yet: a byte for each of its starts
    reported    the record that ended the last trial

Every step is one rename or one removal, and is repeated where a power cut has left it. A version
that does not report within its first starts is switched back.
"""

import gc
import io
import os
import sys
import time

ARCHIVE = "/app.bin"
SWITCH = "/switch"
TRIAL = "/trial"
REPORTED = "/reported"
_APP = "/app"
_REMEMBERED = "/state.old"
# As update.py has them too, for which there is no room beside firmware that runs.
_EXCHANGED = ("config.json", "profile.bin", "ca.der", "client.der", "client.key", "app.bin")
_COLLECT_EVERY = 8192  # bytes
STARTS = 4  # assumed: one for a broker that was away, and its like
GUARD_MS = 8000  # what every port's watchdog can be set to; a start takes less
_AFTER_FAILURE_MS = 60000
MAGIC = b"FGAPP1\n"
DEFLATED = b"FGAPP2\n"
WINDOW_BITS = 9  # of what is deflated: inflating takes half a kilobyte of the heap for it
PACKAGE = "/filmgauge/"
FIRST_RECORD = "filmgauge: first record"


def start() -> None:
    """Run the firmware; return, which leads to the prompt, where there is none."""
    gc.threshold(_COLLECT_EVERY)  # as filmgauge/start.py says why, from the beginning
    mount_at_root()
    finish_update()
    trial = None
    if is_there(TRIAL):
        trial = Trial()
        trial.begin()
    try:
        mount()
        from filmgauge.start import start as run

        run(trial)
    except ImportError as error:
        if "'filmgauge'" in str(error) and not is_there(ARCHIVE):
            print("launch: no firmware on this board")
            return
        fail(error, trial)
    except Exception as error:
        fail(error, trial)
    import machine

    time.sleep_ms(1000 if trial else _AFTER_FAILURE_MS)  # pyright: ignore
    machine.reset()


def fail(error, trial) -> None:
    """Count a version that does not even begin; after too many failures count charge without it
    (safe.py), and not return. It raises nothing."""
    sys.print_exception(error)  # pyright: ignore
    if trial:
        return
    try:
        for name in "crash", "safe":
            sys.modules.pop(name, None)  # one that has found no room cannot be imported again
        gc.collect()
        import crash

        if crash.record_failure(error, None) >= crash.MOST:
            import safe

            safe.run()
    except Exception as another:  # the next boot has an empty heap
        sys.print_exception(another)  # pyright: ignore


def mount_at_root() -> None:
    """Put the file system at / on a port that has it at /flash: the firmware's paths are so."""
    if "flash" not in os.listdir("/"):
        return
    import vfs

    for system, path in vfs.mount():  # pyright: ignore
        if path == "/flash":
            vfs.umount(path)
            vfs.mount(system, "/")
            os.chdir("/")
            sys.path[:] = [each.replace("/flash", "") or "/" for each in sys.path]


def finish_update() -> None:
    """Finish what a host or a power cut has left: exchange, or go back."""
    if is_there(SWITCH) or is_there(TRIAL):
        try:
            import update

            update.finish(ARCHIVE, SWITCH, TRIAL, STARTS, prepare_check)
        except Exception as error:  # what is in place runs, and the next boot tries again
            sys.print_exception(error)  # pyright: ignore
        sys.modules.pop("update", None)  # its room is the firmware's


def prepare_check():
    """Put the version in place on the module path, and return what feeds the watchdog that ends a
    check which hangs."""
    import machine

    mount()
    return machine.WDT(timeout=GUARD_MS).feed


class Trial:
    """The trial of a version: the firmware says when it starts anew and when it has passed."""

    def begin(self) -> None:
        """Count a start, and let a watchdog end one that hangs."""
        import machine

        machine.WDT(timeout=GUARD_MS)
        if os.stat(TRIAL)[6] < STARTS:
            with open(TRIAL, "ab") as file:
                file.write(b".")

    def count_wake(self) -> None:
        """Count a wake of a board that keeps its memory; one too many boots it, where there is a
        version to go back to."""
        if os.stat(TRIAL)[6] < STARTS:
            with open(TRIAL, "ab") as file:
                file.write(b".")
        elif _ways_back():
            import machine

            machine.reset()

    def passed(self, record: str) -> None:
        """End the trial: the version has reported `record`, which a host may have missed."""
        print(FIRST_RECORD, record)
        with open(REPORTED, "w") as file:
            file.write(record)
        os.remove(TRIAL)
        for name in _ways_back():
            os.remove("/" + name)
        if is_there(_REMEMBERED):
            os.remove(_REMEMBERED)


def _ways_back():
    """Return the names of the files that lead back to the version before; any other file with
    such an ending is somebody else's."""
    kept = [name + end for name in _EXCHANGED for end in (".old", ".none")]
    return [name for name in os.listdir("/") if name in kept]


def mount() -> None:
    """Put the archive on the module path; without one, modules come from /lib or are frozen."""
    if _APP in sys.path or not is_there(ARCHIVE):
        return
    import vfs

    vfs.mount(Archive(ARCHIVE), _APP)  # pyright: ignore
    sys.path.insert(0, _APP)


def is_there(path: str) -> bool:
    """Return whether there is such a file or directory."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True


class Archive:
    """A file of files, read only: a magic line, the length of the index as eight digits, the
    index with a line `name offset length` for each, numbers in hexadecimal and offsets from the
    end of the index, and the files. With the other magic line each file is deflated (RFC 1951).

    Names are without `filmgauge/` in front and `.mpy` behind, which leaves the heap more room.
    """

    def __init__(self, path):
        self._file = open(path, "rb")  # noqa: SIM115
        magic = self._file.read(len(MAGIC))
        self._is_deflated = magic == DEFLATED
        if magic != MAGIC and not self._is_deflated:
            raise OSError(5)
        length = int(self._file.read(8), 16)
        self._index = self._file.read(length)
        self._begin = len(MAGIC) + 8 + length

    def mount(self, readonly, mkfs):
        """Be mounted: nothing to do."""

    def umount(self):
        """Be unmounted."""
        self._file.close()

    def stat(self, path):
        """Return the ten numbers of os.stat."""
        found = self._find(path)
        if found:
            return (0x8000, 0, 0, 0, 0, 0, found[1], 0, 0, 0)
        if path != PACKAGE[:-1] and self._index.find(b"\n" + _short(path) + b"/") < 0:
            raise OSError(2)
        return (0x4000, 0, 0, 0, 0, 0, 0, 0, 0, 0)

    def open(self, path, mode):
        """Return a file to read."""
        found = self._find(path)
        if not found:
            raise OSError(2)
        if not self._is_deflated:
            return _Member(self._file, found[0], found[1])
        import deflate

        # An import reads a module to its end before that imports others: the place in the file
        # is its own meanwhile.
        self._file.seek(found[0])
        return deflate.DeflateIO(self._file, deflate.RAW, WINDOW_BITS)

    def _find(self, path):
        """Return offset and length, None when the name is not in the index."""
        if not path.startswith(PACKAGE):
            return None
        key = b"\n" + _short(path) + b" "
        at = self._index.find(key)
        if at < 0:
            return None
        line = self._index[at + len(key) : at + len(key) + 16].split(b"\n")[0].split()
        return self._begin + int(line[0], 16), int(line[1], 16)


def _short(path):
    path = path[len(PACKAGE) :]
    return (path[:-4] if path.endswith(".mpy") else path).encode()


class _Member(io.IOBase):
    def __init__(self, file, offset, length):
        self._file = file
        self._at = offset
        self._end = offset + length

    def readinto(self, buffer):
        count = min(len(buffer), self._end - self._at)
        self._file.seek(self._at)
        view = memoryview(buffer)[:count]
        got = self._file.readinto(view)
        self._at += got
        return got

    def ioctl(self, request, argument):
        if request == 11:  # how much the loader of modules reads at once
            return 256
        return 0 if request == 4 else -1
