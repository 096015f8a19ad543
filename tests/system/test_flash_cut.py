"""The cable is pulled, and the power with it, at random points of flashing; then it is run again.

Until the new version is whole the old one runs after each such cut, and a second run succeeds.
"""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flash_rig import Heard, flash, make_board, version, wanted
from mqtt_brokers import Broker

from filmgauge_host.serial.board_link import LinkError
from filmgauge_host.serial.flash_plan import Wanted
from filmgauge_host.serial.flash_session import FlashOptions
from filmgauge_sim.board.littlefs_outside import fetch

KIND = "esp32-c3"
OLD, NEW = "0.1.0", "0.2.0"
CUT = FlashOptions(timeout_s=6.0)  # of a run that is cut: it waits for a port that is gone
MOST_REQUESTS = 25  # of the firmware, that are still played after the last byte


@pytest.fixture
def heard(embedded: Broker) -> Iterator[Heard]:
    heard = Heard(embedded.url)
    yield heard
    heard.close()


@pytest.fixture
def versions(embedded: Broker) -> tuple[Wanted, Wanted]:
    """The old version, and a new one that differs in modules, start files and configuration."""
    sampler = "# new\nfrom filmgauge.charge.switched_sampler import *\n"
    newer = wanted(
        KIND,
        embedded.url,
        version(NEW, filmgauge__charge__sampled_charge=sampler),
        sample_s=4,
        report_every=1,
    )
    newer.start_files["/main.py"] += b"# new\n"
    return wanted(KIND, embedded.url), newer


def sent_in_all(old_image: Path, folder: Path, whole: Wanted) -> int:
    """Return the bytes that a run without a cut sends."""
    shutil.copyfile(old_image, folder / "whole")
    with make_board(KIND, folder, image=folder / "whole") as board:
        flash(board, whole)
        return board.port.received


def cut_and_repeat(image: Path, new: Wanted, at: int, requests: int, heard: Heard) -> str:
    """Flash with a cut, boot, flash again; return the version that ran in between."""
    with make_board(KIND, image.parent, image=image) as board:
        board.pull_after(at, requests)
        with pytest.raises(LinkError):
            flash(board, new, CUT)
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
    old_image = tmp_path / "old"
    with make_board(KIND, tmp_path / "first", image=old_image) as board:
        flash(board, old)
    whole = sent_in_all(old_image, tmp_path, new)
    rng = random.Random(part)
    for point in range(5):
        image = tmp_path / f"image-{point}"
        shutil.copyfile(old_image, image)
        # Parts of the way: the commit is near its end.
        at = rng.randrange(part * whole // 4, (part + 1) * whole // 4)
        between = cut_and_repeat(image, new, max(1, at), rng.randrange(MOST_REQUESTS), heard)
        # Only from the exchange on, which is the last that is sent, may it be the new one.
        assert between == OLD or at > 0.9 * whole


def test_a_cable_pulled_while_an_empty_board_is_flashed(
    versions: tuple[Wanted, Wanted], heard: Heard, tmp_path: Path
) -> None:
    _, new = versions
    rng = random.Random(0)
    with make_board(KIND, tmp_path) as board:
        for at in sorted(rng.randrange(1, 100_000) for _ in range(4)):
            board.pull_after(at, rng.randrange(MOST_REQUESTS))
            with pytest.raises(LinkError):
                flash(board, new, CUT)
            board.plug()
        assert flash(board, new).record is not None
