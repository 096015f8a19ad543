"""A board with the launcher, and versions of the firmware to put onto it."""

from collections.abc import Mapping
from pathlib import Path

from board_program import Program

from filmgauge_host.serial.archive import Archive
from filmgauge_sim.board.littlefs_outside import install, listing

FIRMWARE = Path(__file__).parents[3] / "firmware"
SOURCES = {
    name: (FIRMWARE / name).read_text()
    for name in ("launch.py", "update.py", "crash.py", "safe.py")
}
MAIN = "import launch\nlaunch.start()\n"
WORDS = ("old", "new", "first", "frozen")
EXCHANGED = ("/config.json", "/profile.bin", "/app.bin")
PASSES = "trial and trial.passed('{}')"


def modules(name: str, does: str = PASSES) -> dict[str, str]:
    """Return a firmware that says its name and what it finds beside itself."""
    text = f"""
def start(trial):
    says = "{name}", open("/config.json").read(), open("/profile.bin").read()
    print(*says)
    {does}
    import machine
    machine.deepsleep(1000)
"""
    return {"filmgauge/__init__.py": f'VERSION = "{name}"\n', "filmgauge/start.py": text}


def app(name: str, does: str = PASSES) -> bytes:
    """Return such a firmware as an archive."""
    return Archive({path: text.encode() for path, text in modules(name, does).items()}).data


class Board(Program):
    """A board with the launcher, and a version in place; or with one that is `frozen`."""

    def __init__(self, folder: Path, frozen: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, "micropython", MAIN, sources={**SOURCES, **(frozen or {})})
        self.put("", None if frozen else app("old"), "old")

    def put(self, suffix: str, archive: bytes | None, settings: str) -> None:
        """Install a version, beside the one in place with a suffix."""
        contents = (settings.encode(), settings.encode(), archive)
        files = {path + suffix: data for path, data in zip(EXCHANGED, contents, strict=True)}
        install(self.board.flash, {path: data for path, data in files.items() if data})

    def offer(self, archive: bytes) -> None:
        """Bring a new version, whole, as a host does."""
        self.put(".new", archive, "new")
        install(self.board.flash, {"/switch": b""})

    def names(self) -> set[str]:
        return set(listing(self.board.flash, "/")) - {".", "..", "there.txt"}

    def runs(self) -> list[str]:
        """What each start has said, without what the launcher says."""
        return [line for line in self.said if line.split()[0] in WORDS]

    def last_word(self) -> str:
        return self.runs()[-1]


def boots(board: Board, count: int) -> None:
    for _ in range(count):
        board.boot()
