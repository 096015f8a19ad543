"""Power cuts by plan: where in the life of a node its power goes, again and again.

    cuts = PowerCuts(cut_plan("flash"), most=100)
    node = virtual_node(..., NodeOptions(cuts=cuts))        # its `step` does the rest

A plan is a walk. `every-request`: the power goes at the first request of a wake, of a later one at
the second, and so on to its last; `flash`: the same with each operation of the flash, of which
nothing is done, or half, or half with garbage behind it. A walk goes through the wake that boots
after a cut, so that recovery is cut as well, then through the wake after that one, and so on.
`random:SEED` draws the wake, the place, what is done of it, how long the power is away and what a
brown-out leaves in RTC memory. TaskWalk, which has no name, goes through what takes several wakes:
`cuts.begin_task(node)` says where that begins.
"""

import random
from collections import Counter
from dataclasses import dataclass
from typing import Literal, Protocol

from filmgauge_sim.board.board import VirtualBoard
from filmgauge_sim.board.flash import Flash, FlashCut
from filmgauge_sim.circuit.truth import Truth
from filmgauge_sim.nodes.flash_reader import journal_state, state_in

Leftover = Literal["lost", "whole", "stale", "spoilt"]  # of RTC memory

MODES = "every-request, flash or random:SEED"
_DEPTHS = 6  # of a walk: with a report every few wakes, all kinds of wakes are among them
_OFF_US = 1_000_000
_LONGEST_OFF_US = 3_600_000_000
_MOST_RECOVERY = 20  # operations in which a cut is made good that is cut once more
_UNSEEN = 40  # operations of a wake that none is known of
_VARIANTS: tuple[tuple[float, int | None], ...] = ((0.0, None), (0.5, None), (0.5, 1))
_LEFTOVERS: tuple[Leftover, ...] = ("lost", "lost", "whole", "stale", "spoilt")


@dataclass(frozen=True)
class CutPoint:
    """Where the power goes.

    depth: wakes that a node completes before, since its power came; number: of the request in the
    wake that follows, or of the operation of its flash, from 1; part, garbage: as FlashCut has
    them; off_us: until the power is back; memory: what RTC memory is then. Without a depth the
    number counts from now on, whatever the wake.
    """

    depth: int | None
    number: int
    in_flash: bool = False
    part: float = 0.0
    garbage: int | None = None
    off_us: int = _OFF_US
    memory: Leftover = "lost"

    def __str__(self) -> str:
        where = "a task" if self.depth is None else f"wake {self.depth}"
        return f"{self.target} {self.number} of {where}, memory {self.memory}"

    @property
    def target(self) -> str:
        """What is cut, in a few words."""
        if not self.in_flash:
            return "request"
        if self.garbage is not None:
            return "flash garbage"
        return "flash torn" if self.part else "flash clean"


class CutPlan(Protocol):
    """Where the power goes next. rounds: how often it has come to its end."""

    rounds: int

    def next(self) -> CutPoint | None:
        """Return the point to cut at, None where there is none yet."""
        ...

    def missed(self) -> None:
        """Say that the wake of the last point had no such operation."""

    def saw(self, depth: int, requests: int, operations: int) -> None:
        """Say how many requests and operations of flash a wake had that was not cut."""


class Walk:
    """A plan that goes through all operations of one wake after the other. variants: part and
    garbage of each."""

    def __init__(self, in_flash: bool, variants: tuple[tuple[float, int | None], ...]) -> None:
        self._in_flash = in_flash
        self._variants = variants
        self._depth = self._step = 0
        self.rounds = 0  # how often it has come to its end

    def next(self) -> CutPoint:
        """See CutPlan."""
        number, variant = divmod(self._step, len(self._variants))
        self._step += 1
        part, garbage = self._variants[variant]
        seed = None if garbage is None else garbage + self._step
        return CutPoint(self._depth, number + 1, self._in_flash, part, seed)

    def missed(self) -> None:
        """See CutPlan."""
        self._depth, self._step = (self._depth + 1) % _DEPTHS, 0
        self.rounds += not self._depth

    def saw(self, depth: int, requests: int, operations: int) -> None:
        """See CutPlan."""


class RandomPlan:
    """A plan that draws, without end. The same seed draws the same for the same node."""

    rounds = 0

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._seen: dict[tuple[int, bool], int] = {}

    def next(self) -> CutPoint:
        """See CutPlan."""
        rng = self._random
        depth = min(rng.randrange(_DEPTHS), rng.randrange(_DEPTHS))
        in_flash = rng.random() < 0.5
        most = self._seen.get((depth, in_flash), _UNSEEN)
        part, garbage = rng.choice(((0.0, None), (rng.random(), None), (rng.random(), 1)))
        return CutPoint(
            depth,
            rng.randint(1, most),
            in_flash,
            part if in_flash else 0.0,
            rng.getrandbits(32) if in_flash and garbage else None,
            rng.randrange(_LONGEST_OFF_US) if rng.random() < 0.2 else _OFF_US,
            rng.choice(_LEFTOVERS),
        )

    def missed(self) -> None:
        """See CutPlan: the next one is another."""

    def saw(self, depth: int, requests: int, operations: int) -> None:
        """See CutPlan."""
        for in_flash, count in ((False, requests), (True, operations)):
            self._seen[depth, in_flash] = max(1, count)


class TaskWalk:
    """A plan that cuts tasks of several wakes, all of a kind: the first at its first operation of
    the flash, the next one `step` operations later, every second once more while that is made
    good. A round is over with a task that comes to its end before its cut."""

    def __init__(self, step: int) -> None:
        self._step = step
        self._tasks = 0  # of this round
        self._asked = 0  # for points of this task: once, and then behind each cut
        self._points: list[CutPoint] = []
        self._random = random.Random(step)
        self.rounds = 0

    def begin(self) -> None:
        """Say that a task begins, and that the one before is over."""
        if self._tasks and self._asked < 2:  # that was over before it came to its point
            self.rounds += 1
            self._tasks = 0
        self._asked = 0
        self._points = [self._point(1 + self._step * self._tasks, self._tasks)]
        if self._tasks % 2:
            self._points.append(self._point(self._random.randint(1, _MOST_RECOVERY), 0))
        self._tasks += 1

    def next(self) -> CutPoint | None:
        """See CutPlan."""
        self._asked += 1
        return self._points.pop(0) if self._points else None

    def missed(self) -> None:
        """See CutPlan: a point of a task is in no wake."""

    def saw(self, depth: int, requests: int, operations: int) -> None:
        """See CutPlan."""

    @staticmethod
    def _point(number: int, variant: int) -> CutPoint:
        part, garbage = _VARIANTS[variant % len(_VARIANTS)]
        return CutPoint(None, number, True, part, None if garbage is None else number)


def cut_plan(mode: str) -> CutPlan:
    """Return the plan of a name. Raises ValueError, one sentence, for any other name."""
    if mode == "every-request":
        return Walk(False, ((0.0, None),))
    if mode == "flash":
        return Walk(True, _VARIANTS)
    name, _, seed = mode.partition(":")
    if name == "random" and seed.isdecimal():
        return RandomPlan(int(seed))
    raise ValueError(f"the plan of cuts must be {MODES}, not {mode!r}")


class TrueWorld(Protocol):
    """A world of which the truth can be known."""

    def advance_to(self, now_us: int) -> None:
        """Follow to a time."""

    def truth(self) -> Truth:
        """Return the state of the cell then."""
        ...


class CutVictim(Protocol):
    """What takes its power."""

    board: VirtualBoard
    flash: Flash
    wakes: int

    @property
    def world(self) -> TrueWorld:
        """The world around it."""
        ...

    def cut_power(self, off_us: int = 0, memory: bytes = b"") -> None:
        """Take the power away and bring it back; `memory` is in RTC memory then."""


class PowerCuts:
    """Takes the power of one node `most` times.

    done: how often so far; targets: what was cut how often; last: the last point, and truth what
    was true then.
    """

    def __init__(self, plan: CutPlan, most: int) -> None:
        self.most = most
        self.plan = plan
        self.done = 0
        self.targets: Counter[str] = Counter()
        self.last: CutPoint | None = None
        self.truth: Truth | None = None
        self._point = plan.next()
        self._power_on = 0  # wakes before the power came last
        self._armed: int | None = None  # wakes before the one that is to be cut
        self._begun = (0, 0, 0)  # wakes, requests and operations before this wake
        self._memory = b""  # RTC memory after the wake before
        self._older = b""  # and at the end of the boot before

    def begin_task(self, node: CutVictim) -> None:
        """Say that a task begins, to a plan that goes through tasks; to another say nothing."""
        if isinstance(self.plan, TaskWalk):
            self._disarm(node)
            self.plan.begin()
            self._point = self.plan.next()

    def begin_step(self, node: CutVictim) -> bool:
        """Arm a cut in what comes, where it is due; return whether the power went in the sleep
        before it instead."""
        if self._point is None or self._point.depth is None:
            self._count(node)
            if self._point and self._armed is None and self.done < self.most:
                self._arm(node, self._point)
            return False
        if self._armed is not None:
            if self._armed == node.wakes:
                return False  # within the wake
            self._disarm(node)
            self.plan.missed()
            self._point = self.plan.next()
        self._count(node)
        point = self._point
        if self.done >= self.most or point is None or point.depth is None:
            return False
        depth = node.wakes - self._power_on
        if depth > point.depth:  # only a power-on leads there
            self._cut(node, point, "sleep")
            return True
        if depth == point.depth:
            self._arm(node, point)
        return False

    def power_on(self, node: CutVictim) -> None:
        """Take notice of a loss of power for another reason."""
        self._power_on = node.wakes
        self._armed = None
        self._disarm(node)

    def happened(self, node: CutVictim) -> None:
        """Take the sensors' power along, and bring both back."""
        point = self._point
        assert point is not None, "nothing was armed"
        self._cut(node, point, point.target)
        self._point = self.plan.next()

    def _cut(self, node: CutVictim, point: CutPoint, target: str) -> None:
        completed = node.wakes - self._power_on - (target != "sleep")
        self.done += 1
        self.targets[target] += 1
        self.targets["in recovery"] += not completed
        self.last = point
        node.world.advance_to(node.board.now_us)
        self.truth = node.world.truth()
        leftover = self._leftover(node, point)
        if completed:
            self._older = self._memory
        node.cut_power(point.off_us, leftover)
        self.power_on(node)

    def _count(self, node: CutVictim) -> None:
        """Note how much a whole wake does."""
        wakes, requests, operations = self._begun
        if node.wakes == wakes:
            return
        now = node.wakes, node.board.requests, node.flash.operations
        if node.wakes == wakes + 1 and wakes >= self._power_on:
            done = now[1] - requests, now[2] - operations
            self.plan.saw(wakes - self._power_on, *done)
        self._begun = now
        self._memory = node.board.rtc_memory

    def _arm(self, node: CutVictim, point: CutPoint) -> None:
        self._armed = node.wakes
        if point.in_flash:
            operation = node.flash.operations + point.number
            node.flash.cut = FlashCut(operation, point.part, point.garbage)
        else:
            node.board.cut_at_request = node.board.requests + point.number

    def _disarm(self, node: CutVictim) -> None:
        self._armed = None
        node.flash.cut = node.board.cut_at_request = None

    def _leftover(self, node: CutVictim, point: CutPoint) -> bytes:
        """Return what a brown-out leaves in RTC memory."""
        if point.memory == "lost":
            return b""
        if point.memory == "stale":
            return self._older if _is_of_boot_before(self._older, node.flash) else b""
        memory = bytearray(node.board.rtc_memory)
        if point.memory == "spoilt" and memory:
            rng = random.Random(point.number)
            for _ in range(rng.randint(1, 64)):
                memory[rng.randrange(len(memory))] ^= rng.randint(1, 255)
        return bytes(memory)


def _is_of_boot_before(memory: bytes, flash: Flash) -> bool:
    """Return whether a memory is of an earlier boot than flash has: it does not go back within
    one by itself."""
    state, saved = state_in(memory), journal_state(flash)
    return state is not None and saved is not None and state.boot < saved.boot
