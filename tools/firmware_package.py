"""What `mpremote mip install` puts on a board.

    python tools/firmware_package.py              # writes firmware/package.json: source
    python tools/firmware_package.py build/mip    # a folder with bytecode and its package.json

Bytecode runs in half the heap: source is compiled at every boot.
"""

import argparse
import json
from pathlib import Path

from filmgauge_host.serial.firmware_build import modules, start_files

FIRMWARE = Path(__file__).resolve().parent.parent / "firmware"
PACKAGE = FIRMWARE / "package.json"
_MAIN = "main.py"  # comes with the configuration, once all the rest is there


def files(source: bool) -> dict[str, bytes]:
    """Return what a package has: path in the target folder -> content."""
    starters = {path.lstrip("/"): data for path, data in start_files(source).items()}
    return dict(sorted({**starters, **modules(source)}.items() - {(_MAIN, starters[_MAIN])}))


def package(source: bool = True) -> str:
    """Return the package file: each file goes where it is here, relative to the target folder."""
    version: dict[str, str] = {}
    exec((FIRMWARE / "filmgauge" / "__init__.py").read_text(), version)
    urls = [[name, name] for name in files(source)]
    return json.dumps({"urls": urls, "version": version["VERSION"]}, indent=1) + "\n"


def write_bytecode(folder: Path) -> None:
    """Write a package of bytecode into a folder."""
    for name, data in files(source=False).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / PACKAGE.name).write_text(package(source=False))


def main(words: list[str] | None = None) -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "folder", type=Path, nargs="?", help="folder for bytecode  [default: firmware, as source]"
    )
    folder = parser.parse_args(words).folder
    if folder is None:
        PACKAGE.write_text(package())
    else:
        write_bytecode(folder)


if __name__ == "__main__":
    main()
