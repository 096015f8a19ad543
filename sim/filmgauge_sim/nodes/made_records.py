"""Which life and boot a virtual node is in, and how many records its firmware has made: read from
what it leaves behind, because nobody asks the firmware."""

from typing import Protocol

from filmgauge.record.record import Record
from filmgauge_sim.board.board import VirtualBoard
from filmgauge_sim.nodes.flash_reader import backlog, journal_state, state_in, stored_record


class MadeRecords(Protocol):
    """One way to know. Call `begin_boot` before each boot of the board."""

    @property
    def made(self) -> int:
        """How many records the firmware has made since the scenario began."""
        ...

    def begin_boot(self) -> None:
        """Note what earlier boots have left."""
        ...

    def boot(self) -> tuple[int, int] | None:
        """Return (life, boot), as the firmware counts them; None while it has none."""
        ...

    def new(self) -> list[Record]:
        """Return the records that can be read from flash alone and came since the last call."""
        ...


def made_records(board: VirtualBoard) -> MadeRecords:
    """Return what suits a board."""
    if not board.kind.has_wifi:
        return StoredRecords(board)
    return CountedRecords(board) if board.kind.keeps_ram else RetainedRecords(board)


class StoredRecords:
    """Of a node without Wi-Fi, which keeps every record in its flash. `made` counts as far as
    `new` has read."""

    def __init__(self, board: VirtualBoard) -> None:
        self.made = 0  # dropped ones included: their numbers go on
        self._flash = board.flash
        self._programs = -1
        self._before = 0

    def begin_boot(self) -> None:
        """See MadeRecords."""
        names = backlog(self._flash)
        self._before = int(names[-1]) + 1 if names else 0

    def boot(self) -> tuple[int, int] | None:
        """See MadeRecords: its first wake makes a record."""
        names = backlog(self._flash)
        if not names or int(names[-1]) < self._before:
            return None
        try:
            record = stored_record(self._flash, names[-1])
        except ValueError:  # the power went while it was written
            return None
        values = record.values()
        return values[-1], values[0]

    def new(self) -> list[Record]:
        """See MadeRecords; oldest first."""
        if self._flash.programs == self._programs:
            return []
        self._programs = self._flash.programs
        fresh = [name for name in backlog(self._flash) if int(name) >= self.made]
        if fresh:
            self.made = int(fresh[-1]) + 1
        return [stored_record(self._flash, name) for name in fresh]


class RetainedRecords:
    """Of a node that sends its records, and remembers in RTC memory while it sleeps deeply."""

    def __init__(self, board: VirtualBoard) -> None:
        self._board = board
        self._made: dict[tuple[int, int], int] = {}  # life and boot -> records

    @property
    def made(self) -> int:
        """See MadeRecords."""
        self._count()
        return sum(self._made.values())

    def begin_boot(self) -> None:
        """See MadeRecords: a power-on loses the memory."""
        self._count()

    def boot(self) -> tuple[int, int] | None:
        """See MadeRecords."""
        state = state_in(self._board.rtc_memory)
        return (state.life, state.boot) if state else None

    def new(self) -> list[Record]:
        """See MadeRecords: they come over the air."""
        return []

    def _count(self) -> None:
        state = state_in(self._board.rtc_memory)
        if state is not None:
            self._made[state.life, state.boot] = state.seq


class CountedRecords:
    """Of a node that sends its records and keeps its RAM, into which nobody can look: each record
    that it makes is one time that it switches Wi-Fi on."""

    def __init__(self, board: VirtualBoard) -> None:
        self._board = board
        self._boot_before: tuple[int, int] | None = None

    @property
    def made(self) -> int:
        """See MadeRecords."""
        return self._board.wifi_sessions

    def begin_boot(self) -> None:
        """See MadeRecords."""
        self._boot_before = self._journal_boot()

    def boot(self) -> tuple[int, int] | None:
        """See MadeRecords: its first wake saves the journal."""
        boot = self._journal_boot()
        return None if boot == self._boot_before else boot

    def new(self) -> list[Record]:
        """See MadeRecords: they come over the air."""
        return []

    def _journal_boot(self) -> tuple[int, int] | None:
        state = journal_state(self._board.flash)
        return (state.life, state.boot) if state else None
