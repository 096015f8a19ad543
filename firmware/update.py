"""Exchanges one version of the firmware for another: the part of launch.py that is seldom used.

A host may run it as well, at the prompt. The files are those that launch.py describes; it gives
their names: `archive`, `switch` and `trial`. A version that has come over the air lies in
/incoming (filmgauge/upgrade/staging.py); what runs so far checks it before anything is exchanged.
"""

import os

_APP = "/app"  # where launch.py mounts an archive
_FOLDER = "/incoming"
_VERIFIED = "/incoming/verified"
_REFUSED = "/incoming/refused"
_BACK = "/incoming/back"
_BY_CABLE = "another version has come by cable"


def finish(archive: str, switch: str, trial: str, starts: int, prepare=None) -> None:
    """Finish what a host or a power cut has left: exchange, or go back after so many starts.

    prepare: puts the version in place on the module path and returns what feeds a watchdog. A
    host has none: it brings a version of its own, so what has come over the air is refused.
    """
    if _is_there(switch):
        over_air = os.stat(switch)[6] > 0
        if not over_air and _is_in_folder(_VERIFIED):
            _refuse(_BY_CABLE)  # what came over the air before runs no more
        if over_air:
            # Behind a cut within a rename from one directory to another littlefs does not show the
            # name that follows in the first (2.11), `verified` say, until something is written.
            with open(switch, "ab"):
                pass
        if over_air and not (_is_in_folder(_VERIFIED) or _is_good(switch, starts, prepare)):
            os.remove(switch)
            return
        if not _is_there(trial):  # what is left is of a trial whose end a cut has ended
            for name in _exchanged(archive):
                for left in _ways_back(name):
                    os.remove(left)
        _create(trial)
        for name in _exchanged(archive):
            new = _FOLDER + name if over_air else name + ".new"
            if _is_in_folder(new) if over_air else _is_there(new):
                if not _ways_back(name):
                    _keep(name, archive)
                os.rename(new, name)
        os.remove(switch)
    if _is_there(trial) and os.stat(trial)[6] >= starts:
        go_back(archive, trial)


def go_back(archive: str, trial: str) -> None:
    """Switch back to what was before, if there is something; the trial is over then."""
    found = [name for name in _exchanged(archive) if _ways_back(name)]
    if not found:
        return
    if _is_in_folder(_VERIFIED):
        os.rename(_VERIFIED, _BACK)  # for the report that tells it
    for name in found:
        if _is_there(name + ".old"):
            os.rename(name + ".old", name)
            continue
        if _is_there(name):
            os.remove(name)
        os.remove(name + ".none")
    os.remove(trial)
    print("launch: back to the version before")  # a host that reads it finds it so


def _keep(name, archive):
    """Keep what is in a place, or that nothing is, where there is firmware to go back to."""
    if not (_is_there(archive) or _is_there(archive + ".old") or _runs_without_archive()):
        return
    if _is_there(name):
        os.rename(name, name + ".old")
    else:
        _create(name + ".none")


def _ways_back(name):
    """Return what is kept of a place: a path, or none."""
    return [path for path in (name + ".old", name + ".none") if _is_there(path)]


def _runs_without_archive():
    """Return whether there is firmware in /lib, or frozen."""
    import sys

    paths = sys.path[:]
    sys.path[:] = [path for path in paths if path != _APP]
    sys.modules.pop("filmgauge", None)
    try:
        import filmgauge

        return hasattr(filmgauge, "VERSION")  # a directory alone can be imported, too
    except ImportError:
        return False
    finally:
        sys.path[:] = paths
        sys.modules.pop("filmgauge", None)


def _is_good(switch, starts, prepare):
    """Return whether a version that has come over the air may take its place."""
    if prepare is None:
        reason = _BY_CABLE
    elif os.stat(switch)[6] > starts:  # what hangs in it must not do so at each boot
        reason = "its check did not come to an end"
    else:
        with open(switch, "ab") as file:
            file.write(b".")
        reason = _checked(prepare)
    if reason is None:
        return True
    print("launch: a version is refused:", reason)
    _refuse(reason)
    return False


def _refuse(reason):
    """Let the next report tell why the version that was ordered does not run."""
    with open(_REFUSED, "w") as file:
        file.write(reason)


def _checked(prepare):
    """Let the version in place check the new one; return why it is refused, None where it is
    not."""
    import gc
    import sys

    import vfs

    feed = prepare()
    try:
        from filmgauge.board import this_board
        from filmgauge.upgrade.check import check

        reason = check(feed, this_board().pages(True))
    except Exception as error:
        sys.print_exception(error)  # pyright: ignore
        reason = "it could not be checked: %r" % error
    check = this_board = None
    for name in list(sys.modules):  # the firmware: another archive may take its place
        if name.startswith("filmgauge"):
            sys.modules.pop(name, None)  # it may have found no room for its module
    if _APP in sys.path:
        vfs.umount(_APP)  # pyright: ignore
        sys.path.remove(_APP)
    gc.collect()
    return reason


def _exchanged(archive):
    return "/config.json", "/profile.bin", "/ca.der", "/client.der", "/client.key", archive


def _create(path):
    with open(path, "wb"):
        pass


def _is_there(path):
    return path[1:] in os.listdir("/")


def _is_in_folder(path):
    return _is_there(_FOLDER) and path[len(_FOLDER) + 1 :] in os.listdir(_FOLDER)
