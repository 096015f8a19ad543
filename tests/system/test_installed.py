"""What a user installs: the wheel on the base's packages alone, and on all of them.

No package is fetched: an environment here links what the lock file of the base names, as it stands
in the environment of the tests.
"""

import json
import re
import subprocess
import sys
import sysconfig
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from flashed_board import make_board
from mqtt_brokers import Broker

ROOT = Path(__file__).resolve().parents[2]
BASE_LOCK = ROOT / "requirements-base.lock"
BASE_BYTES = 120_000_000
PACKAGES = Path(sysconfig.get_path("purelib"))
DESCRIPTION = """
name = "shelf-1"
board = "esp32-c3"
[cell]
set = "evp-li"
area_cm2 = 1.0
[intervals]
sample_s = 5
[wifi]
ssid = "virtual"
[broker]
host = "127.0.0.1"
port = {port}
"""


class Installation:
    """An environment outside of the tree with the wheel in it."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        command = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
        subprocess.run(command, check=True)
        self._python = folder / "bin" / "python"
        self.packages = next(folder.glob("lib/python*/site-packages"))
        self.folder = folder
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.packages)

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run `filmgauge` in it, away from the tree."""
        return self.python("-m", "filmgauge_host.cli.app", *arguments)

    def python(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        path = f"{self._python.parent}:/usr/bin:/bin"  # no commands of the tests' own environment
        return subprocess.run(
            [str(self._python), "-I", *map(str, arguments)],
            cwd=self.folder,
            env={
                "PATH": path,
                "HOME": str(self.folder),
                "FILMGAUGE_NODE_WIFI_PASSWORD": "",
            },
            capture_output=True,
            text=True,
            timeout=600,
        )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(ROOT)], check=True)
    return next(folder.glob("*.whl"))


def base_packages() -> list[str]:
    """Return the names of what the base's lock file pins."""
    return re.findall(r"^([a-z0-9-]+)==", BASE_LOCK.read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def base(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The wheel with the packages of the base and no others."""
    made = Installation(tmp_path_factory.mktemp("base"), wheel)
    for name in base_packages():
        files = distribution(name).files or []
        for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            (made.packages / top).symlink_to(PACKAGES / top)
    return made


@pytest.fixture(scope="module")
def whole(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The wheel with every package there is."""
    made = Installation(tmp_path_factory.mktemp("whole"), wheel)
    (made.packages / "packages.pth").write_text(f"{PACKAGES}\n")
    (made.folder / "bin" / "nats-server").symlink_to(
        f"{sysconfig.get_path('scripts')}/nats-server"
    )
    return made


def test_the_base_is_light(base: Installation) -> None:
    """Everything on disk counts, compiled modules and our own too."""
    tops = (path.resolve() for path in base.packages.iterdir())
    files = {file for top in tops for file in (top.rglob("*") if top.is_dir() else [top])}
    assert 10_000_000 < sum(file.lstat().st_size for file in files) <= BASE_BYTES


def test_the_base_has_wheels_for_a_raspberry_pi(tmp_path: Path) -> None:
    """Every pin resolves to a wheel with a hash of the lock file; asks the index of packages."""
    platform = ["--platform", "manylinux2014_aarch64", "--python-version", "3.11"]
    resolve = ["install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet"]
    report = tmp_path / "report.json"
    hashes = ["--only-binary=:all:", "--require-hashes", "--requirement", str(BASE_LOCK)]
    out = ["--target", str(tmp_path / "none"), "--report", str(report), "--retries", "10"]
    command = [sys.executable, "-m", "pip", *resolve, *platform, *hashes, *out]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    resolved = json.loads(report.read_text())["install"]
    found = {each["metadata"]["name"].lower() for each in resolved}
    assert {name.replace("_", "-") for name in found} == set(base_packages())


_EVERY_HELP = """
import click
from filmgauge_host.cli.app import main

def walk(command, context):
    command.get_help(context)
    count = 1
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            count += walk(inner, click.Context(inner, context, name))
    return count

print(walk(main, click.Context(main, info_name="filmgauge")))
"""


def test_the_base_helps_with_every_command(base: Installation) -> None:
    ran = base.python("-c", _EVERY_HELP)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) > 20


@pytest.mark.parametrize(
    ("extra", "command"),
    [
        ("sim", "run bench --duration 1h"),
        ("sim", "ble scan --air virtual --for 1"),
        ("lab", "lab discharge --plot none.png"),
        ("lab", f"lab fit {ROOT}/LICENSE --area 1 --out none.toml"),
    ],
)
def test_a_missing_extra_is_named(extra: str, command: str, base: Installation) -> None:
    ran = base.run(*command.split())
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert f"filmgauge[{extra}]" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1, ran.stderr


def test_a_board_without_interpreter_names_the_extra(base: Installation) -> None:
    ran = base.run("board")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "filmgauge[sim]" in ran.stderr.splitlines()[-1]
    assert "Traceback" not in ran.stderr


def test_the_base_monitors(base: Installation, embedded: Broker) -> None:
    ran = base.run("monitor", "--broker", embedded.url, "--for", "1", "--json")
    assert "Traceback" not in ran.stderr
    assert ran.returncode == 0, ran.stderr


def test_the_wheel_brings_the_page(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    static = ROOT / "host" / "filmgauge_host" / "web" / "static"
    files = [path for path in static.rglob("*") if path.is_file()]
    assert static / "index.html" in files
    assert static / "uplot" / "LICENSE" in files
    assert {path.relative_to(ROOT / "host").as_posix() for path in files} <= names


def test_the_base_repeats_the_published_experiments(base: Installation) -> None:
    """The cell needs no package for numbers."""
    ran = base.run("lab", "rate", "--cell", "pre-li", "--currents", "8", "--json")
    assert ran.returncode == 0, ran.stderr


def test_the_base_provisions_and_flashes(
    base: Installation, embedded: Broker, tmp_path: Path
) -> None:
    description = tmp_path / "shelf-1.toml"
    port = embedded.url.rpartition(":")[2]
    description.write_text(DESCRIPTION.format(port=port))
    for command in (f"provision --from {description} --out nodes", "node budget nodes/shelf-1"):
        ran = base.run(*command.split())
        assert ran.returncode == 0, ran.stderr
    with make_board("esp32-c3", tmp_path / "board") as board:
        command = f"flash --node nodes/shelf-1 --port {board.port.path} --json"
        ran = base.run(*command.split())
        assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout)
    assert {"/main.py", "/launch.mpy", "/update.mpy"} <= set(result["copied"])
    assert not [name for name in result["copied"] if "_launcher" in name]
    assert result["record"]["faults"] == "none"


def test_a_run_from_the_wheel(whole: Installation) -> None:
    ran = whole.run("run", "bench", "--duration", "5min", "--speed", "max", "--json")
    assert ran.returncode == 0, ran.stderr
    summary = json.loads(ran.stdout)
    assert summary["nodes"][0]["received"] > 0
