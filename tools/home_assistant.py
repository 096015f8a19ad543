"""Sets up what the tests need of Home Assistant: of its wheel the MQTT integration alone.

python tools/home_assistant.py FOLDER REQUIREMENTS       with the interpreter that shall run it

The whole of it has 300 MB. REQUIREMENTS names the release and exact versions of what it imports.
Run from the project's folder: its own environment has the pip.
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
    "auth|binary_sensor|device_automation|device_tracker|file_upload|frontend|hassio|homeassistant"
    "|http|mqtt|network|onboarding|panel_custom|persistent_notification|person|sensor|tag"
    "|websocket_api|zone"
)
_PART = re.compile(
    rf"{_NAME}/(?:[^/]+\.py|(?:{_BASE})/.*\.py|components/__init__\.py"
    rf"|components/(?:{_INTEGRATIONS})/.*\.(?:py|json))|{_NAME}-[^/]*/METADATA"
)


def main() -> None:
    folder, requirements = Path(sys.argv[1]), Path(sys.argv[2]).read_text().splitlines()
    print(f"setting up {folder} (once; part of Home Assistant, for the tests)", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True)
    python = str(folder / "bin" / "python")
    packages = [line for line in requirements if "==" in line and not line.startswith("#")]
    release = next(line for line in packages if line.startswith(f"{_NAME}=="))
    packages.remove(release)
    subprocess.run([*_PIP, "--python", python, "install", "--no-deps", *packages], check=True)
    with tempfile.TemporaryDirectory() as scratch:
        download = ["download", "--no-deps", "--dest", scratch, release]
        subprocess.run([*_PIP, "--python", python, *download], check=True)
        (wheel,) = Path(scratch).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if _PART.fullmatch(name)]
            library = "python{}.{}".format(*sys.version_info)
            archive.extractall(folder / "lib" / library / "site-packages", names)


if __name__ == "__main__":
    main()
