"""Writes firmware/package.json, by which `mpremote mip install` finds the firmware's files."""

import json
from pathlib import Path

FIRMWARE = Path(__file__).resolve().parent.parent / "firmware"
PACKAGE = FIRMWARE / "package.json"


def package() -> str:
    """Return the file: each module goes where it is here, relative to the target folder."""
    starters = [FIRMWARE / "launch.py", FIRMWARE / "update.py"]
    paths = [*starters, *sorted((FIRMWARE / "filmgauge").rglob("*.py"))]
    names = [path.relative_to(FIRMWARE).as_posix() for path in paths]
    version: dict[str, str] = {}
    exec((FIRMWARE / "filmgauge" / "__init__.py").read_text(), version)
    content = {"urls": [[name, name] for name in names], "version": version["VERSION"]}
    return json.dumps(content, indent=1) + "\n"


if __name__ == "__main__":
    PACKAGE.write_text(package())
