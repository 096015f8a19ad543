"""MemoryError at every statement of a wake, on the real interpreter.

    python tests/allocation_faults.py --board esp32-c3 --wake reporting > build/allocations.jsonl

Before each statement of the firmware stands a counter. Where it has come to the number that the
board is given, it locks the heap, as MicroPython does within interrupts: whatever the statement
allocates first fails, and nothing can be collected. The heap is unlocked by the handler that gets
the exception, or at the next statement. The campaign goes on until the wake has no such statement
any more. A bad case is one after which the node does not wake, or has lost what it had
acknowledged (nodes/cut_witness.py), or has done a command twice or not at all that it calls done
(cut_receivers.py).
"""

import argparse
import ast
import json
import sys
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from cut_receivers import Commander, Sink

from filmgauge_sim.board.firmware_image import FIRMWARE, firmware_sources
from filmgauge_sim.board.interpreter import one_processor
from filmgauge_sim.nodes.cut_witness import CutWitness
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import scenario_from
from filmgauge_sim.scenario.simulation import virtual_node

BOARDS = ("esp32-c3", "pico-w", "stm32wb55")
COMMANDED = "commanded"
WAKES = {"reporting": (1, 2), "ordinary": (3, 1), COMMANDED: (1, 3)}  # report_every, journal_every
KEY = "5f0c9b6d0be4f2a1d8e37c6614a09b52"
_MOST_WAKES = 8  # until a node makes a record, which ends a row of failures
_ENDS = 3  # numbers in a row for which a wake has no statement, until it is over
HEAP_KB = 400  # the counters take room of their own, and it is not the size that is tried here
NAME = "short"
_COUNTER = "filmgauge/nth.py"
_COUNTER_TEXT = """\
import machine
from micropython import heap_lock, heap_unlock

left = int.from_bytes(machine.unique_id()[:4], "little")
locked = 0


def point():
    global left, locked
    if locked:
        locked = 0
        heap_unlock()
    if left:
        left -= 1
        if not left:
            print("filmgauge: heap locked")
            locked = 1
            heap_lock()


def unlock():
    global locked
    if locked:
        locked = 0
        heap_unlock()
"""
_UNTOUCHED = ("filmgauge/compat.py", "filmgauge/__init__.py", "main.py")
_STARTED = ("main", "launch", "update")  # as a board has them
_LAST_WAKES = 3  # of a board that keeps its memory: so far the counter may reach


class _Counted(ast.NodeTransformer):
    """Puts the counter before each statement, and the unlocking into each handler. counts: False
    for what begins in an empty heap."""

    def __init__(self, counts: bool) -> None:
        self._counts = counts

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            statements = getattr(node, name, None)
            if isinstance(statements, list) and self._counts:
                setattr(node, name, list(self._counted(statements)))
        if isinstance(node, ast.ExceptHandler):
            node.body.insert(0, _call("unlock"))
        return node

    @staticmethod
    def _counted(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
        for statement in statements:
            if not (_is_text(statement) or _is_constant(statement)):
                yield _call("point")
            yield statement


def _call(name: str) -> ast.Expr:
    function = ast.Attribute(ast.Name("nth", ast.Load()), name, ast.Load())
    return ast.Expr(ast.Call(function, [], []))


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_constant(statement: ast.stmt) -> bool:
    """Return whether a statement is a `const()`, or a `global`, which the compiler wants first."""
    if isinstance(statement, ast.Global | ast.Nonlocal):
        return True
    call = statement.value if isinstance(statement, ast.Assign) else None
    return isinstance(call, ast.Call) and getattr(call.func, "id", "") == "const"


@cache
def counted_sources() -> Mapping[str, str]:
    """Return the firmware with its counters."""
    sources = {}
    started = {f"{name}.py": (FIRMWARE.parent / f"{name}.py").read_text() for name in _STARTED}
    for path, text in (firmware_sources() | started).items():
        if path not in _UNTOUCHED:
            tree = _Counted(path not in started).visit(ast.parse(text))
            at = next((i for i, each in enumerate(tree.body) if not _is_text(each)), 0)
            tree.body.insert(at, ast.parse("from filmgauge import nth").body[0])
            text = ast.unparse(ast.fix_missing_locations(tree))
        sources[path] = text
    return sources | {_COUNTER: _COUNTER_TEXT}


@dataclass(frozen=True)
class Result:
    """What came of a heap that was locked at one statement. reached: whether there was one;
    failed: how often an allocation did; problems: what was not kept."""

    group: str
    number: int
    reached: bool
    failed: int
    problems: list[str]


def scenario_table(board: str, wake: str) -> dict[str, object]:
    """Return a node that reports with each wake and saves with some; or one that saves with each
    and reports with some; or one that obeys as well."""
    cycler = [{"action": "charge", "rate_c": 0.2, "hours": 2.0}]
    report_every, journal_every = WAKES[wake]
    node: dict[str, object] = {
        "name": NAME,
        "board": board,
        "commands": wake == COMMANDED,
        "cell": {"soc": 0.3, "soc_sigma": 0.001},
        "intervals": {
            "sample_s": 60,
            "report_every": report_every,
            "journal_every": journal_every,
        },
        "world": {"cycler": cycler},
    }
    if board == "stm32wb55":
        node["bluetooth"] = {"advertise_ms": 5000, "awake_ms": 100}
    return {"name": NAME, "node": [node]}


def campaign(board: str, numbers: Iterable[int], wake: str = "reporting") -> Iterator[Result]:
    """Let one node after the other have each number once; a node lives on as long as it keeps
    what it owes."""
    waiting = deque(numbers)
    missed = 0
    group = f"{board} {wake}"
    while waiting:
        with (
            tempfile.TemporaryDirectory(prefix="filmgauge-short-") as folder,
            ExitStack() as open_,
        ):
            receiver = open_.enter_context(_receiver(wake, Path(folder)))
            scenario = scenario_from(scenario_table(board, wake))
            if wake == COMMANDED:
                scenario.node[0].secrets["command_key"] = KEY
            options = NodeOptions(heap_kb=HEAP_KB, sources=counted_sources())
            node = virtual_node(scenario, scenario.node[0], receiver.broker, Path(folder), options)
            open_.enter_context(closing(node))
            receiver.prepare(node)
            life = _Life(node, receiver)
            while waiting and not life.problems:
                result = life.short_at(group, waiting.popleft())
                missed = 0 if result.reached else missed + 1
                if missed == _ENDS:
                    waiting.clear()
                yield result
            yield from _unkept(group, receiver.problems(node))


def _receiver(wake: str, folder: Path) -> Sink | Commander:
    return Commander(NAME, KEY, folder) if wake == COMMANDED else Sink(NAME)


def _unkept(group: str, problems: list[str]) -> Iterator[Result]:
    """Yield what a receiver has to say of a whole life, where it has."""
    if problems:
        yield Result(group, 0, False, 0, problems)


class _Life:
    """A node whose heap is locked again and again."""

    def __init__(self, node: VirtualNode, receiver: Sink | Commander) -> None:
        self._node = node
        self._receiver = receiver
        self._witness = CutWitness(node, lambda: receiver.arrived)
        self._said = 0
        self.problems: list[str] = []
        self._wake(2)

    def short_at(self, group: str, number: int) -> Result:
        """Lock the heap at a statement after a boot, and let the node go on."""
        node = self._node
        if node.kind.keeps_ram:  # else each wake is a boot
            node.cut_power()
            self._witness.power_went()
        node.board.unique_id = number.to_bytes(4, "little") + b"\0\0"
        self._wake(_LAST_WAKES if node.kind.keeps_ram else 1)
        node.board.unique_id = bytes(6)
        self._recover()
        said = self._new_words()
        failed = said.count("MemoryError")
        reached = "filmgauge: heap locked" in said
        self.problems = self._witness.problems()
        if said.count("Traceback") > failed:
            self.problems = [*self.problems, said[-1000:]]
        return Result(group, number, reached, failed, self.problems)

    def _new_words(self) -> str:
        """Return what the console says since the last call."""
        with self._node.console.open("rb") as console:
            console.seek(self._said)
            new = console.read()
        self._said += len(new)
        return new.decode(errors="replace")

    def _recover(self) -> None:
        """Let the node make a record, which ends a row of failures; the next wake is an ordinary
        one where there are such."""
        records, most = len(self._receiver.arrived) + self._receiver.late, _MOST_WAKES
        self._wake(1)
        while len(self._receiver.arrived) <= records and most and self._node.dead is None:
            self._wake(1)
            most -= 1

    def _wake(self, count: int) -> None:
        until, steps = self._node.wakes + count, 30 * count
        while self._node.wakes < until and steps and self._node.dead is None:
            self._node.step()
            self._receiver.after_step(self._node)
            self._witness.follow()
            steps -= 1


def main() -> int:
    """Print the results, a line each. Return 1 for any that is bad."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--board", choices=BOARDS, required=True)
    parser.add_argument("--wake", choices=WAKES, default="reporting")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--last", type=int, default=100_000)
    parser.add_argument("--step", type=int, default=1)
    options = parser.parse_args()
    bad = 0
    with one_processor():
        numbers = range(options.first, options.last + 1, options.step)
        for result in campaign(options.board, numbers, options.wake):
            print(json.dumps(asdict(result)), flush=True)
            bad += bool(result.problems)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
