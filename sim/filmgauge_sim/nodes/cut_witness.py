"""What a node owes after a power cut, and whether it has kept it.

    witness = CutWitness(node, lambda: sink.records["bench-1"])
    while node.cuts.done < node.cuts.most:
        node.step()
        witness.follow()
    witness.problems()

It owes what it has acknowledged or was acknowledged: each state that it has saved, and each record
that is at a receiver or in its flash. It looks from outside and asks the firmware nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from filmgauge.gauge.ledger_only import LedgerOnly
from filmgauge.record.record import Record
from filmgauge.state import State
from filmgauge_sim.nodes.flash_reader import journal_state, stored_records
from filmgauge_sim.nodes.virtual_node import VirtualNode

_LONGEST_STEPS = 40  # of a node that comes up again: each may be a slice of a sleep
# What counting may be off apart from a cut: rounding, the divider, and the time from the sample
# to the end of a wake with Wi-Fi.
_TOLERANCE_NAH = 3.0
_TOLERANCE_SHARE = 0.01
_WAKE_US = 12_000_000


@dataclass(frozen=True)
class Saved:
    """A state in flash, and the truth when it was found there.

    counted_nah: measured and booked together; true_nah: charge of the cell; now_us: true time of
    the wake that saved it; cuts: how often the power had gone by then.
    """

    life: int
    boot: int
    wakes: int
    counted_nah: int
    true_nah: float
    now_us: int
    cuts: int

    @property
    def age(self) -> tuple[int, int]:
        """By which states of one life are ordered."""
        return self.boot, self.wakes


class CutWitness:
    """Follows one node from step to step. arrived: records that a receiver has acknowledged or
    that were read from flash, in any order, those of earlier calls first.

    moved_nah: what may have moved in the worst cut, and error_nah how wrong its charge was.
    """

    def __init__(self, node: VirtualNode, arrived: Callable[[], list[Record]]) -> None:
        self.moved_nah = self.error_nah = 0.0
        self._node = node
        self._arrived = arrived
        self._records: dict[tuple[int, int, int], Record] = {}
        self._looked_at = 0  # of those that have arrived
        self._problems: list[str] = []
        self._saved: Saved | None = None
        self._programs = -1
        self._cuts = self._others = 0
        self._waits = 0  # steps since the last cut without a wake
        self._wakes = self._requests = 0
        self._most_ua = 0.0

    def follow(self) -> None:
        """Take in what the last step of the node has come to."""
        node = self._node
        self._most_ua = max(self._most_ua, abs(node.world.truth().current_ua))
        done = node.cuts.done if node.cuts else 0
        was_cut = done != self._cuts
        self._cuts = done
        if node.dead is not None:
            self._report(f"does not boot: {node.dead}")
        self._watch_boot(was_cut)
        self._add_arrived()
        if node.flash.programs != self._programs or was_cut:
            self._programs = node.flash.programs
            self._compare(was_cut)

    @property
    def is_stuck(self) -> bool:
        """Whether the node has not completed a wake for so long that it will not."""
        return self._waits >= _LONGEST_STEPS

    def power_went(self) -> None:
        """Say that the node has lost its power in another way than by its own plan of cuts."""
        self._others += 1

    def problems(self) -> list[str]:
        """Return what the node has not kept so far, in words; call it at the end."""
        self._add_arrived()
        self._add_records(stored_records(self._node.flash))
        return self._problems + list(_gaps(self._records))

    def _report(self, what: str) -> None:
        cuts = self._node.cuts
        last = cuts.last if cuts else None
        where = f" ({last})" if last else ""
        self._problems.append(f"after cut {self._cuts}{where}: {what}")

    def _watch_boot(self, was_cut: bool) -> None:
        """Expect a wake soon after the power has come."""
        wakes, requests = self._node.wakes, self._node.board.requests
        completed, runs = wakes > self._wakes, requests > self._requests
        self._wakes, self._requests = wakes, requests
        self._waits = 0 if was_cut or completed else self._waits + runs
        if self._waits == _LONGEST_STEPS:
            self._report("does not wake")

    def _compare(self, was_cut: bool) -> None:
        """Compare what is saved now with what was."""
        before, state = self._saved, journal_state(self._node.flash)
        if state is None:
            if before is not None:
                self._report(f"the state of {before} is lost")
            return
        if was_cut and before is not None and (state.boot, state.wakes) == before.age:
            return
        now = self._saved_as(state, was_cut)
        if before is not None:
            if now.life != before.life:
                self._report(f"life {before.life} has ended")
            elif now.age < before.age:
                self._report(f"the state of {before} is lost: {now}")
            elif now.age == before.age:
                return
            self._compare_charge(before, now)
        self._saved = now

    def _compare_charge(self, before: Saved, now: Saved) -> None:
        passed_us = now.now_us - before.now_us + _WAKE_US
        moved_nah = self._most_ua * passed_us / 3.6e6
        error_nah = abs(now.counted_nah - before.counted_nah - (now.true_nah - before.true_nah))
        bound_nah = _TOLERANCE_NAH + (1.0 + _TOLERANCE_SHARE) * moved_nah
        if now.cuts == before.cuts:  # nothing was lost between them
            bound_nah = _TOLERANCE_NAH + _TOLERANCE_SHARE * moved_nah
            bound_nah += self._most_ua * _WAKE_US / 3.6e6
        elif error_nah > self.error_nah:
            self.error_nah, self.moved_nah = error_nah, moved_nah
        if error_nah > bound_nah:
            self._report(f"{error_nah:.0f} nAh wrong, {bound_nah:.0f} allowed: {before}, {now}")

    def _saved_as(self, state: State, was_cut: bool) -> Saved:
        gauge, node = LedgerOnly(), self._node
        state.unpack_parts(gauge=gauge)
        measured_nah, booked_nah, _ = gauge.ledger.sums_nah()
        truth = node.last_truth or node.world.truth()  # before the sleep
        cuts = self._cuts + self._others
        if was_cut and node.cuts and node.cuts.truth:
            truth, cuts = node.cuts.truth, cuts - 1
        true_nah = truth.stoichiometry * node.world.cell.capacity_uah * 1000.0
        counted_nah = measured_nah + booked_nah
        return Saved(
            state.life, state.boot, state.wakes, counted_nah, true_nah, truth.now_us, cuts
        )

    def _add_arrived(self) -> None:
        arrived = self._arrived()
        self._add_records(arrived[self._looked_at :])
        self._looked_at = len(arrived)

    def _add_records(self, records: Iterable[Record]) -> None:
        for record in records:
            boot, seq, *_, life = record.values()
            key = life, boot, seq
            if self._records.setdefault(key, record) != record:
                self._report(f"record {key} came twice with other content")


def _gaps(keys: Iterable[tuple[int, int, int]]) -> Iterable[str]:
    """Yield the records that are missing, in words."""
    by_boot: dict[tuple[int, int], set[int]] = {}
    for life, boot, seq in keys:
        by_boot.setdefault((life, boot), set()).add(seq)
    for (life, boot), seqs in by_boot.items():
        missing = set(range(max(seqs) + 1)) - seqs
        if missing:
            yield f"life {life}, boot {boot}: records {sorted(missing)} of {len(seqs)} are lost"
