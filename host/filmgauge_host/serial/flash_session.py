"""One run of the flashing tool: from the knock at the port to the first record."""

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from filmgauge.migration import NEW
from filmgauge_host.errors import FilmgaugeError
from filmgauge_host.serial.board_files import BoardFiles
from filmgauge_host.serial.board_link import BoardError, BoardLink, LinkError
from filmgauge_host.serial.board_node import check_same_node
from filmgauge_host.serial.erase import check_erasable, erase, lost_counters
from filmgauge_host.serial.flash_plan import CONFIG, FlashError, Plan, Wanted, make_plan
from filmgauge_host.serial.flash_transfer import FlashTransfer
from filmgauge_host.serial.foreign_main import foreign_main
from filmgauge_host.serial.interpreter import (
    check_board,
    check_interpreter,
    read_identity,
)
from filmgauge_host.serial.launcher import FIRST_RECORD, REPORTED, TRIAL
from filmgauge_host.serial.new_mark import NewMark
from filmgauge_host.serial.node_settings import check_config
from filmgauge_host.serial.raw_pages import RawPages
from filmgauge_host.serial.used_keys import key_hashes
from filmgauge_sim.board.board_kind import BoardKind

_IN_FILES = (
    "the file system takes the whole storage and is in use: the node keeps its state in it, which "
    "a power cut can end; --erase with new keys makes room beside it"
)
_FOREIGN_MAIN = "the main.py on this board is not filmgauge's, and {} lost"
_COUNTERS_LOST = (
    "the board may have counted messages under {} before, and nobody knows how far: the node will "
    "neither encrypt nor obey until it has others (filmgauge provision --new-keys)"
)
_RECORD = FIRST_RECORD.encode()
_WAITS = b" waits: "  # of firmware/filmgauge/node.py
_BACK = b"launch: back to the version before"  # of firmware/update.py


@dataclass(frozen=True, slots=True)
class FlashOptions:
    """timeout_s: for the board to answer, and then for its record.

    ask_after_s: of silence, until the board is asked for it. other_node: the board may go on as
    another node than it was, with its memory and its records. keys_are_new: no board has had the
    keys of the configuration. before_it_runs: called when all is on the board, and before it may
    run with these keys; what it raises ends the flashing there.
    """

    erase: bool = False
    dry_run: bool = False
    timeout_s: float = 120.0
    ask_after_s: float = 20.0
    other_node: bool = False
    keys_are_new: bool = True
    before_it_runs: Callable[[], None] = lambda: None


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
    """Who learns how it goes."""

    def say(self, text: str) -> None:
        """Take a line."""

    def wait(self, seconds: float) -> None:
        """Take how long the board has not answered."""

    def progress(self, what: str, done: int, total: int) -> None:
        """Take how many bytes have gone."""


def flash_board(
    port: str, board: BoardKind, wanted: Wanted, options: FlashOptions, listener: Listener
) -> FlashResult:
    """Flash a board. Raises FilmgaugeError; the board then runs what it ran before."""
    began_s = time.monotonic()
    with BoardLink(port, patience_s=options.timeout_s) as link:
        link.enter(listener.wait)
        try:
            identity = read_identity(link)
            check_board(identity, board)
            check_interpreter(identity, wanted.bytecode)
            listener.say(f"{port}: {identity.machine}, MicroPython {identity.release}")
            plan = _carry_out(link, board, wanted, options, listener)
        except FilmgaugeError:
            _let_run(link)
            raise
        copy_s = time.monotonic() - began_s
        link.reset()
        record = None
        if not options.dry_run:
            listener.say(f"{plan.size} bytes in {copy_s:.1f} s; waiting for the first record")
            record = await_first_record(link, options.timeout_s, listener.say, options.ask_after_s)
    return FlashResult(
        port=port,
        board=board.name,
        machine=identity.machine,
        micropython=identity.release,
        copied=plan.names(),
        bytes=plan.size,
        dry_run=options.dry_run,
        copy_s=round(copy_s, 3),
        seconds=round(time.monotonic() - began_s, 3),
        record=record,
    )


def _carry_out(
    link: BoardLink, board: BoardKind, wanted: Wanted, options: FlashOptions, listener: Listener
) -> Plan:
    """Copy what differs, as far as the options say so; return what that was."""
    pages = RawPages(link) if board.flash.page_in_ram else None
    if pages and not options.dry_run and not pages.make_where_nothing_is_lost():
        listener.say(_IN_FILES)
    files = BoardFiles(link)
    if not (options.erase or options.other_node):
        _check_same_node(files, wanted, pages)
    transfer = FlashTransfer(link, wanted, listener.progress)
    contents = transfer.survey(read_only=options.dry_run or options.erase)
    if foreign_main(files, contents):
        listener.say(_FOREIGN_MAIN.format("would be" if options.dry_run else "is"))
    mark = NewMark(files, contents.sizes)
    hashes = key_hashes(json.loads(wanted.config)) if wanted.config else {}
    if CONFIG in contents.sizes:
        lost = lost_counters(link, contents, wanted, pages)
    else:
        lost = [] if options.keys_are_new else mark.unknown(hashes)
    if options.erase:
        staying = check_erasable(link, contents, wanted, mark.hashes)
        plan = make_plan(wanted, contents.erased())
        if not options.dry_run:
            if not lost:
                with contextlib.suppress(BoardError):  # full: it can be written afterwards
                    mark.write(hashes.values())
            erase(link, staying if lost else [*staying, NEW])
            _erase_pages(pages, staying)
            plan = make_plan(wanted, transfer.survey())
    else:
        plan = make_plan(wanted, contents)
    if wanted.config is None:
        found = files.read(CONFIG)
        check_config(pages.configuration(found) if pages else found, board)
    listener.say(_summary(plan, options.dry_run))
    if lost:
        listener.say(_COUNTERS_LOST.format(" and ".join(lost)))
    if not options.dry_run:
        if options.erase or CONFIG not in contents.sizes:
            if lost:
                mark.remove()
            else:
                mark.write(hashes.values())
        transfer.carry_out(plan, options.before_it_runs)
        if pages and wanted.config is not None:
            pages.let_count(wanted.config)
        if mark.hashes:
            mark.write(())
    return plan


def _check_same_node(files: BoardFiles, wanted: Wanted, pages: RawPages | None) -> None:
    """Raise InputError where the board is another node than wanted; it is left as it is."""
    if wanted.config is None or CONFIG not in files.sizes():
        return
    found = files.read(CONFIG)
    check_same_node(pages.configuration(found) if pages else found, wanted.config)


def _erase_pages(pages: RawPages | None, staying: list[str]) -> None:
    """Forget what is in raw pages, or make them, unless counters must stay where they are."""
    if pages is None:
        return
    if pages.are_there:
        pages.erase()
    elif not staying:
        pages.make()


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


def await_first_record(
    link: BoardLink,
    timeout_s: float,
    on_wait: Callable[[str], None],
    ask_after_s: float,
) -> dict[str, Any]:
    """Wait for the node's first record; return it as JSON has it.

    A port that vanishes in a reset may be back too late to bring it: after a silence of
    `ask_after_s` the board is asked once.
    Raises FlashError when the time is over, or when the board went back to what was before.
    """
    began_s = time.monotonic()
    output = b""
    last_line = ""
    asked = False
    while (left_s := timeout_s - (time.monotonic() - began_s)) > 0:
        output += link.listen(lambda new: b"\n" in new, min(left_s, 1.0))
        silent = not output and not last_line
        if silent and not asked and time.monotonic() - began_s > ask_after_s:
            asked = True
            if record := _ask(link, last_line):
                return record
        *lines, output = output.split(b"\n")
        for line in lines:
            if line.startswith(_RECORD):
                with contextlib.suppress(ValueError):
                    return json.loads(line[len(_RECORD) :])
            if line.startswith(_BACK):
                raise _went_back(last_line)
            last_line = line.decode(errors="replace").strip() or last_line
            if _WAITS in line:
                on_wait(last_line)
    last = f"; its last word: {last_line}" if last_line else ""
    raise FlashError(f"the node did not report within {timeout_s:.0f} s{last}")


def _ask(link: BoardLink, last_line: str) -> dict[str, Any] | None:
    """Ask the board for its first record, and let it run again.

    Raises FlashError when it went back to what was before meanwhile.
    """
    link.enter()
    files = BoardFiles(link)
    try:
        sizes = files.sizes()
        if REPORTED in sizes:
            return json.loads(files.read(REPORTED))
    except ValueError:
        return None
    finally:
        link.reset()
    if TRIAL not in sizes:
        raise _went_back(last_line)
    return None


def _went_back(last_line: str) -> FlashError:
    why = f": {last_line}" if last_line else ""
    return FlashError(
        f"the new version did not report, and the board went back to the one before{why}"
    )
