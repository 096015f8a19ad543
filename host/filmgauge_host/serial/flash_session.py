"""One run of the flashing tool: from the knock at the port to the first record."""

import time
from dataclasses import dataclass
from typing import Any, Protocol

from filmgauge_host.errors import FilmgaugeError
from filmgauge_host.provision.boards import BoardType
from filmgauge_host.serial.board_link import BoardLink, LinkError
from filmgauge_host.serial.flash import Flasher, Plan, Wanted


@dataclass(frozen=True, slots=True)
class FlashOptions:
    """timeout_s: for the board to answer, and then for its record; look_after_s: see Flasher."""

    erase: bool = False
    dry_run: bool = False
    timeout_s: float = 120.0
    look_after_s: float = 20.0


@dataclass(frozen=True, slots=True)
class FlashResult:
    """What was done. copied: modules and files; record: as the node's JSON has it."""

    port: str
    board: str
    machine: str
    micropython: str
    copied: list[str]
    bytes: int
    dry_run: bool
    copy_s: float
    seconds: float
    record: dict[str, Any] | None


class Listener(Protocol):
    """Who is told how it goes."""

    def say(self, text: str) -> None:
        """Take a line."""
        ...

    def wait(self, seconds: float) -> None:
        """Take how long the board has not answered."""
        ...

    def progress(self, what: str, done: int, total: int) -> None:
        """Take how many bytes have gone."""
        ...


def flash_board(
    port: str, board: BoardType, wanted: Wanted, options: FlashOptions, listener: Listener
) -> FlashResult:
    """Flash a board. Raises FilmgaugeError; the board then runs what it ran before."""
    began_s = time.monotonic()
    with BoardLink(port, patience_s=options.timeout_s) as link:
        flasher = Flasher(link, board, wanted, listener.progress)
        link.enter(listener.wait)
        try:
            identity = flasher.check()
            version = ".".join(map(str, identity.version))
            listener.say(f"{port}: {identity.machine}, MicroPython {version}")
            plan = _carried_out(flasher, options, listener)
        except FilmgaugeError:
            _let_run(link)
            raise
        copy_s = time.monotonic() - began_s
        flasher.boot()
        record = None
        if not options.dry_run:
            listener.say(f"{plan.size} bytes in {copy_s:.1f} s; waiting for the first record")
            record = flasher.first_record(options.timeout_s, listener.say, options.look_after_s)
    return FlashResult(
        port=port,
        board=board.name,
        machine=identity.machine,
        micropython=version,
        copied=plan.names(),
        bytes=plan.size,
        dry_run=options.dry_run,
        copy_s=round(copy_s, 3),
        seconds=round(time.monotonic() - began_s, 3),
        record=record,
    )


def _carried_out(flasher: Flasher, options: FlashOptions, listener: Listener) -> Plan:
    if options.erase and not options.dry_run:
        flasher.erase()
    found = flasher.survey(looks_only=options.dry_run)
    plan = flasher.plan(found, erased=options.erase and options.dry_run)
    listener.say(_summary(plan, options.dry_run))
    if not options.dry_run:
        flasher.carry_out(plan, found)
    return plan


def _let_run(link: BoardLink) -> None:
    """Boot the board into what it ran before, if it can still be reached."""
    try:
        link.reset()
    except LinkError:
        pass


def _summary(plan: Plan, dry_run: bool) -> str:
    if plan.is_empty:
        return "the board has this version already: nothing to copy"
    verb = "would copy" if dry_run else "copying"
    parts = [f"{len(plan.modules)} modules"] if plan.pieces else []
    parts += [path.lstrip("/") for path in (*plan.exchanged, *plan.start_files)]
    removed = f"; {'would remove' if dry_run else 'removing'} {', '.join(plan.removed)}"
    return f"{verb} {', '.join(parts)}: {plan.size} bytes" + (removed if plan.removed else "")
