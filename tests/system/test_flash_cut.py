"""The cable is pulled, and the power with it, at random points of flashing; then it is run again.

Until the new version is whole the old one runs after each such cut, and a second run succeeds.
`make soak` tries a hundred points.
"""

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flashed_board import Heard, Silent, flash, flashed_board, make_board, wanted
from launched_node import version
from mqtt_brokers import Broker

from filmgauge_host.serial.board_link import BoardLink, LinkError, LinkLost
from filmgauge_host.serial.flash_plan import Wanted
from filmgauge_sim.board.littlefs_outside import fetch
from filmgauge_sim.board.serial_board import SerialBoard

KIND = "esp32-c3"
POINTS = 25 if os.environ.get("FILMGAUGE_SOAK") else 3  # in each quarter of the way
OLD, NEW = "0.1.0", "0.2.0"
MOST_REQUESTS = 25  # of the firmware, that are still played after the last byte


class CableCut(Silent):
    """Pulls the cable `at` bytes after the board has said what it is."""

    def __init__(self, board: SerialBoard, at: int, requests: int) -> None:
        super().__init__()
        self._board, self._at, self._requests = board, at, requests

    def say(self, text: str) -> None:
        if not self.lines:
            self._board.pull_after(self._at, self._requests)
        super().say(text)


class ByteCount(Silent):
    """Counts what is sent between the board saying what it is and the last file being there."""

    def __init__(self, board: SerialBoard) -> None:
        super().__init__()
        self._board, self._begun, self.sent = board, 0, 0

    def say(self, text: str) -> None:
        if not self.lines:
            self._begun = self._board.port.received
        super().say(text)

    def progress(self, what: str, done: int, total: int) -> None:
        self.sent = self._board.port.received - self._begun


@pytest.fixture
def heard(embedded: Broker) -> Iterator[Heard]:
    heard = Heard(embedded.url)
    yield heard
    heard.close()


@pytest.fixture
def versions(embedded: Broker) -> tuple[Wanted, Wanted]:
    """The old version, and a new one that differs in modules, start files and configuration."""
    sampler = "# new\nfrom filmgauge.charge.switched_sampler import *\n"
    archive = version(NEW, {"charge/sampled_charge": sampler})
    newer = wanted(KIND, embedded.url, archive, sample_s=4, report_every=1)
    newer.start_files["/main.py"] += b"# new\n"
    return wanted(KIND, embedded.url), newer


def sent_in_all(old_image: Path, folder: Path, whole: Wanted) -> int:
    """Return the bytes that a run without a cut sends."""
    shutil.copyfile(old_image, folder / "whole")
    with make_board(KIND, folder, image=folder / "whole") as board:
        count = ByteCount(board)
        flash(board, whole, listener=count)
        return count.sent


def cut_and_repeat(image: Path, new: Wanted, at: int, requests: int, heard: Heard) -> str:
    """Flash with a cut, boot, flash again; return the version that ran in between."""
    with make_board(KIND, image.parent, image=image) as board:
        with pytest.raises(LinkError):
            flash(board, new, listener=CableCut(board, at, requests))
        heard.forget()
        board.plug()
        between = heard.version_at_power_on()
        result = flash(board, new)
        assert result.record is not None
        heard.forget()
        board.pull()
        board.plug()
        assert heard.version_at_power_on() == NEW
    for path, content in ("/app.bin", new.archive.data), ("/config.json", new.config):
        assert fetch(board.board.flash, path) == content
    return between


@pytest.mark.parametrize("part", [0, 1, 2, 3])
def test_a_cable_pulled_at_random_points(
    part: int, versions: tuple[Wanted, Wanted], heard: Heard, tmp_path: Path
) -> None:
    old, new = versions
    with flashed_board(KIND, tmp_path / "first", old) as board:
        flash(board, old)
    old_image = board.board.flash.path
    whole = sent_in_all(old_image, tmp_path, new)
    rng = random.Random(part)
    for point in range(POINTS):
        image = tmp_path / f"image-{point}"
        shutil.copyfile(old_image, image)
        # Parts of the way: the commit is near its end.
        at = rng.randrange(part * whole // 4, (part + 1) * whole // 4)
        between = cut_and_repeat(image, new, max(1, at), rng.randrange(MOST_REQUESTS), heard)
        # Only from the exchange on, which is the last that is sent, may it be the new one.
        assert between == OLD or at > 0.9 * whole


def test_a_cable_pulled_while_the_board_is_interrupted(
    versions: tuple[Wanted, Wanted], heard: Heard, tmp_path: Path
) -> None:
    old, new = versions
    with flashed_board(KIND, tmp_path, old) as board:
        flash(board, old)
        with BoardLink(str(board.port.path)) as link:
            board.pull_after(3)
            with pytest.raises(LinkLost):
                link.enter(lambda waited_s: give_up_without(board))
        heard.forget()
        board.plug()
        assert heard.version_at_power_on() == OLD
        assert flash(board, new).record is not None


def give_up_without(board: SerialBoard) -> None:
    if not board.port.is_open:
        raise LinkLost("the port is gone")


def test_a_cable_pulled_while_an_empty_board_is_flashed(
    versions: tuple[Wanted, Wanted], heard: Heard, tmp_path: Path
) -> None:
    _, new = versions
    rng = random.Random(0)
    with make_board(KIND, tmp_path) as board:
        for at in sorted(rng.randrange(1, 100_000) for _ in range(4)):
            with pytest.raises(LinkError):
                flash(board, new, listener=CableCut(board, at, rng.randrange(MOST_REQUESTS)))
            board.plug()
        assert flash(board, new).record is not None
