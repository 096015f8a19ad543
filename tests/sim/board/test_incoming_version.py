"""A version that comes over the air, on a real interpreter with the real launcher: ordered,
fetched, checked, switched to, told of; and the power cut at every flash operation of it."""

import json
import random
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from board_program import Program
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from filmgauge.config_copy import unsealed
from filmgauge_host.serial.archive import Archive
from filmgauge_host.upgrade.signing_key import public_text
from filmgauge_host.upgrade.version import Version, sign
from filmgauge_sim.board.bytecode import bytecode
from filmgauge_sim.board.firmware_image import firmware_sources
from filmgauge_sim.board.flash import NOR, FlashCut, make_flash
from filmgauge_sim.board.littlefs_outside import fetch, install, listing
from filmgauge_sim.board.outcome import ResetCause

FIRMWARE = Path(__file__).parents[3] / "firmware"
SOURCES = {name: (FIRMWARE / name).read_text() for name in ("launch.py", "update.py")}
MAIN = "import launch\nlaunch.start()\n"
KEY = Ed25519PrivateKey.generate()
PAGES = 64  # of flash
CUTS = 5  # an end; `make soak-cuts` makes thousands
ENDS = ("told runs", "told refused", "told switched")
MOST_BOOTS = 16  # until all is over, with four starts of a version that does not report
NEEDED = (
    "filmgauge/board/",
    "filmgauge/compat.py",
    "filmgauge/config",
    "filmgauge/store/block.py",
    "filmgauge/upgrade/",
)  # of the firmware
# In place of the node: fetches from the flash what a broker would have.
_START = """
import os

from filmgauge.upgrade import staging
from filmgauge.upgrade.outcome import FETCHING, outcome, remember


def start(trial):
    with open("/config.json") as file:
        print("runs", "{name}", file.read())
    {does}
    if staging.exists("/wanted"):
        with open("/wanted", "rb") as file:
            data = file.read()
        staging.order(data[:32], data[33] | data[34] << 8, data[32])
        os.remove("/wanted")
    if staging.exists(staging.FOLDER):
        state, text = outcome()
        if state == FETCHING:
            fetch()
        print("told", state, text)
        remember(state, text)
    if trial:
        trial.passed("{{}}")
    import machine
    machine.deepsleep(1000)


def fetch():
    try:
        incoming = staging.Staging("esp32")
        while not incoming.is_whole():
            with open("/source/%d" % incoming.next, "rb") as file:
                incoming.add(file.read())
            print("piece", incoming.next)
        incoming.close()
    except ValueError as error:
        staging.refuse(str(error))
"""


def app(name: str, does: str = "pass", modules: dict[str, bytes] | None = None) -> bytes:
    """Return an archive with the firmware's own modules for versions, and a start of its own."""
    texts = {path: text.encode() for path, text in first_modules(name, does).items()}
    return Archive({**(modules or compiled()), **texts}).data


def first_modules(name: str, does: str) -> dict[str, str]:
    """Return what the launcher starts."""
    return {
        "filmgauge/__init__.py": f'VERSION = "{name}"\n',
        "filmgauge/start.py": _START.format(name=name, does=does),
    }


@cache
def compiled() -> dict[str, bytes]:
    """Return the firmware's modules for versions as bytecode."""
    return {
        path.removesuffix(".py") + ".mpy": bytecode(text, path)
        for path, text in firmware_sources().items()
        if path.startswith(NEEDED)
    }


def version(
    number: int = 7,
    key: Ed25519PrivateKey = KEY,
    board: str = "esp32",
    bytecode: str = "6.3",
    does: str = "pass",
    config: bytes = b'{"report_every": 2, "sample_s": null}',
    profile: bytes | None = None,
) -> Version:
    files = {"app.bin": app("new", does), "config.json": config}
    if profile:
        files["profile.bin"] = profile
    return sign(files, number=number, name="0.2.0", board=board, bytecode=bytecode, key=key)


class Board(Program):
    """A board with the launcher and a version in place, which may be `frozen` and is asked to
    fetch another one."""

    def __init__(self, folder: Path, frozen: Mapping[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        flash = make_flash(folder / "larger", PAGES, NOR)
        sources = {**SOURCES, **(frozen or {})}
        super().__init__(folder, "micropython", MAIN, sources=sources, flash=flash)
        config = {"node": "n", "pin_scl": 1, "pin_sda": 2, "pin_gate": 3, "sample_s": 30}
        config["update_key"] = public_text(KEY)
        files = {"/config.json": json.dumps(config).encode()}
        install(self.board.flash, files if frozen else {**files, "/app.bin": app("old")})
        self._empty = self.board.flash.image[:]

    def ask_for(self, offered: Version, flags: int = 0) -> None:
        """Put a version to where it is fetched from, and order it; on a board as new."""
        self.board.flash.image[:] = self._empty
        sources = {f"/source/{i}": piece for i, piece in enumerate(offered.pieces())}
        order = offered.digest + bytes((flags,)) + len(offered.manifest).to_bytes(2, "little")
        install(self.board.flash, {**sources, "/wanted": order})
        self.lines = len(self.said)

    def live_until_cut(self) -> None:
        """Boot until the power has gone where it was to go, or an end has been told."""
        for _ in range(MOST_BOOTS):
            if self.board.flash.cut is None or self.has_told():
                return
            assert self.boot().cause is not None, self.said[-10:]

    def has_told(self) -> bool:
        """Whether an end of the order has been told."""
        return self.said[self.lines :] != [] and self.said[-1].startswith(ENDS)

    def live(self, boots: int = MOST_BOOTS) -> list[str]:
        """Boot until an end of the order has been told; return what was said meanwhile. A board
        that falls to its prompt fails."""
        for _ in range(boots):
            if self.has_told():
                break
            assert self.boot().cause is not None, self.said[-10:]
        return self.said[self.lines :]

    def names(self) -> set[str]:
        return set(listing(self.board.flash, "/")) - {".", "..", "there.txt", "source"}

    def config(self) -> dict[str, object]:
        return json.loads(unsealed(fetch(self.board.flash, "/config.json")))


def runs(said: list[str]) -> list[str]:
    """Return which version each boot was of."""
    return [line.split()[1] for line in said if line.startswith("runs ")]


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    with Board(tmp_path_factory.mktemp("incoming")) as board:
        yield board


def test_a_signed_version_takes_its_place_and_is_told(board: Board) -> None:
    board.ask_for(version())
    said = board.live()
    assert runs(said) == ["old", "new", "new"]
    assert [line for line in said if line.startswith("told")] == [
        "told fetching ",
        "told on trial ",
        "told runs 0.2.0",
    ]
    # Only what the version changes, and never a secret, goes over the air.
    config = board.config()
    assert (config["report_every"], config["pin_gate"]) == (2, 3)
    assert "sample_s" not in config
    assert board.names() == {"app.bin", "config.json", "version", "reported"}
    told = json.loads(fetch(board.board.flash, "/version"))
    assert told == {"number": 7, "version": "0.2.0", "previous": "old", "outcome": "runs"}


@pytest.mark.parametrize("does", ["raise ValueError('no')", "import machine; machine.reset()"])
def test_a_version_that_does_not_report_is_switched_back_and_told(does: str, board: Board) -> None:
    board.ask_for(version(does=does))
    said = board.live()
    assert runs(said) == ["old", *["new"] * 4, "old"]
    assert said[-1] == "told switched back 0.2.0 did not report"
    assert board.names() == {"app.bin", "config.json", "version"}
    assert board.config()["sample_s"] == 30  # its configuration went with it
    told = json.loads(fetch(board.board.flash, "/version"))
    assert told == {"outcome": "switched back: 0.2.0 did not report"}


def test_what_came_with_a_version_goes_with_it(board: Board) -> None:
    board.ask_for(version(does="raise ValueError('no')", profile=b"P" * 300))
    assert board.live()[-1] == "told switched back 0.2.0 did not report"
    assert board.names() == {"app.bin", "config.json", "version"}
    board.ask_for(version(profile=b"P" * 300))
    assert board.live()[-1] == "told runs 0.2.0"
    names = {"app.bin", "config.json", "profile.bin", "version", "reported"}
    assert board.names() == names


@pytest.mark.parametrize("changes", [b'{"report_every": 2}', None])
def test_firmware_that_is_frozen_is_gone_back_to(changes: bytes | None, tmp_path: Path) -> None:
    texts = {path: text for path, text in firmware_sources().items() if path.startswith(NEEDED)}
    with Board(tmp_path, {**texts, **first_modules("frozen", "pass")}) as board:
        files = {"app.bin": app("new", "raise ValueError('no')")}
        if changes:
            files["config.json"] = changes
        board.ask_for(sign(files, number=7, name="0.2.0", board="esp32", bytecode="6.3", key=KEY))
        said = board.live()
        assert runs(said) == ["frozen", *["new"] * 4, "frozen"]
        assert said[-1] == "told switched back 0.2.0 did not report"
        assert board.names() == {"config.json", "version"}
        assert board.config()["sample_s"] == 30


def test_what_an_earlier_trial_has_left_is_not_gone_back_to(board: Board) -> None:
    board.ask_for(version(does="raise ValueError('no')"))
    left = {"/profile.bin.old": b"of long ago", "/config.json.none": b"", "/state.old": b"then"}
    install(board.board.flash, left)
    assert board.live()[-1] == "told switched back 0.2.0 did not report"
    assert board.names() == {"app.bin", "config.json", "version"}


def test_what_comes_by_cable_before_the_end_was_told_is_not_taken_for_it(board: Board) -> None:
    board.ask_for(version())
    assert "told on trial " in board.live(boots=2)
    install(board.board.flash, {"/app.bin.new": app("cable"), "/switch": b""})
    said = board.live(boots=1)
    assert runs(said) == ["old", "new", "cable"]
    assert "told refused another version has come by cable" in said
    assert "incoming" not in board.names()


def test_a_check_that_hangs_does_so_a_few_times_only(board: Board) -> None:
    slow = "def is_signed(*_):\n    import time\n    while True:\n        time.sleep_ms(100)\n"
    hanging = {**compiled(), "filmgauge/upgrade/ed25519.py": slow.encode()}
    del hanging["filmgauge/upgrade/ed25519.mpy"]
    board.ask_for(version())
    install(board.board.flash, {"/app.bin": app("old", modules=hanging)})
    outcomes = [board.boot().cause for _ in range(6)]
    assert outcomes[1:5] == [ResetCause.WATCHDOG] * 4
    assert board.said[-1] == "told refused its check did not come to an end"
    assert board.names() == {"app.bin", "config.json"}


def spoilt(whole: Version, at: int) -> Version:
    """Return a version with another byte in its first file."""
    files = dict(whole.files)
    content = bytearray(files["app.bin"])
    content[at] ^= 1
    return Version(whole.manifest, {**files, "app.bin": bytes(content)})


OTHER = Ed25519PrivateKey.generate()
SETTINGS_ONLY = {"name": "0.1.0", "board": "esp32", "bytecode": "6.3"}
REFUSED = {
    "another's signature": (version(key=OTHER), "the signature is not that of update_key"),
    "another board": (version(board="rp2"), "the version is for rp2, and this board is esp32"),
    "another interpreter": (
        version(bytecode="5.2"),
        "the version has bytecode 5.2, and this interpreter loads 6.3",
    ),
    "a byte that is another": (
        spoilt(version(), 3000),
        "the SHA-256 of app.bin is not the one of the manifest",
    ),
    "no room": (
        Version(version(config=json.dumps({"report_every": "x" * 200_000}).encode()).manifest, {}),
        "the version needs 236 KB of flash",
    ),
    "a configuration that the firmware in place does not read": (
        sign({"config.json": b'{"of_later": 1}'}, number=7, key=KEY, **SETTINGS_ONLY),
        "configuration has no key of_later",
    ),
    "another manifest": (
        Version(version().manifest.replace(b"number 7", b"number 8"), version().files),
        "the signature is not that of update_key",
    ),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_refused(why: str, board: Board) -> None:
    offered, reason = REFUSED[why]
    board.ask_for(offered)
    said = board.live()
    assert set(runs(said)) == {"old"}
    assert said[-1].startswith("told refused " + reason)
    assert board.names() == {"app.bin", "config.json"}


def test_an_older_version_needs_an_order_that_says_so(board: Board) -> None:
    board.ask_for(version(number=6))
    install(board.board.flash, {"/version": b'{"number": 6}'})
    reason = "number must be above 6, not 6, or the order a downgrade"
    assert board.live()[-1] == "told refused " + reason
    board.ask_for(version(number=5), flags=1)
    install(board.board.flash, {"/version": b'{"number": 6}'})
    assert board.live()[-1] == "told runs 0.2.0"


def operations_of(board: Board, offered: Version) -> int:
    """Return the flash operations of a whole life of an order."""
    board.ask_for(offered)
    before = board.board.flash.operations
    board.live()
    return board.board.flash.operations - before


def test_a_cut_within_a_rename_hides_no_file_of_the_version(board: Board) -> None:
    """littlefs no more shows the name behind the one that it was moving to another directory,
    until something is written."""
    board.ask_for(version(profile=b"P" * 300))
    while "switch" not in board.names():
        assert board.boot().cause is not None
    flash = board.board.flash
    ready, hidden = flash.image[:], 0
    for at in range(1, 40):
        flash.image[:] = ready
        board.lines = len(board.said)
        flash.cut = FlashCut(flash.operations + at, 0.99)
        board.boot()
        if flash.cut is not None:  # it was over before
            break
        if "trial" in board.names() and "verified" not in listing(flash, "/incoming"):
            hidden += "switch" in board.names()
            assert board.live()[-1] == "told runs 0.2.0", at
    flash.cut = None
    assert hidden


@pytest.mark.parametrize("ends", ["runs", "switched back", "refused"])
def test_a_power_cut_at_flash_operations_all_the_way(ends: str, board: Board) -> None:
    does = "raise ValueError('no')" if ends == "switched back" else "pass"
    offered = version(does=does, profile=b"P" * 300)
    if ends == "refused":
        offered = REFUSED["another's signature"][0]
    rng = random.Random(ends)
    count = operations_of(board, offered)
    flash = board.board.flash
    for at in rng.sample(range(count), CUTS):
        board.ask_for(offered)
        flash.cut = FlashCut(flash.operations + at, rng.choice((0.0, 0.5, 0.99)))
        board.live_until_cut()
        flash.cut = FlashCut(flash.operations + rng.randrange(20))  # while that is made good
        board.live_until_cut()
        flash.cut = None
        board.live()
        told = [line for line in board.said[board.lines :] if line.startswith("told")]
        assert told[-1].startswith("told " + ends), (at, board.said[board.lines :])
        board.boot()
        order = runs(board.said[board.lines :])
        assert order[-1] == ("new" if ends == "runs" else "old")
        assert not {"switch", "trial", "app.bin.old", "profile.bin.none"} & board.names(), at
        assert ("profile.bin" in board.names()) == (ends == "runs"), at
        if "incoming" in board.names():  # the last that goes
            assert set(listing(flash, "/incoming")) == {".", ".."}
        if ends == "runs":
            assert order == sorted(order, reverse=True)  # the old one until the new one is whole
            assert board.config()["report_every"] == 2
        else:
            assert board.config()["sample_s"] == 30


def test_a_piece_that_a_cut_has_left_in_part_is_fetched_anew(board: Board) -> None:
    offered = version()
    board.ask_for(offered)
    flash = board.board.flash
    order = offered.digest + len(offered.manifest).to_bytes(2, "little") + b"\0"
    parts = {"/incoming/order": order, "/incoming/manifest": offered.manifest}
    install(flash, {**parts, "/incoming/app.bin": offered.files["app.bin"][:2500]})
    said = board.live()
    first = next(line for line in said if line.startswith("piece"))
    assert first == "piece 4"  # the third, of which a part was there
    assert said[-1] == "told runs 0.2.0"
