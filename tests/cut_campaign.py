"""Power cuts by the ten thousand: what a node has acknowledged is there afterwards.

    python tests/cut_campaign.py --cuts 10000 > build/cuts.jsonl
    python tests/cut_campaign.py --updates --cuts 2000 > build/updates.jsonl

`make soak` runs that, and tools/reliability_page.py makes tables of docs/reliability.md of it.
`--first` goes on with a later case, `--updates` is of nodes that are given one version after the
other (tests/cut_updates.py), started by the launcher on a real interpreter.

Each case is the life of a virtual node on a board, with an interpreter, under a use, whose power
goes by a plan (filmgauge_sim/nodes/power_cuts.py): each request and each operation of flash of its
wakes in turn, or of a task of several wakes, then at random. A case is bad when the node does not
boot, when a state that it had saved or a record that somebody had is gone, when a record comes
twice with other content, when a message has the number of another one, when a version does not
come to its end, or when its charge is wrong by more than may have moved since it was saved
(nodes/cut_witness.py).
"""

import argparse
import itertools
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cut_receivers import Commander, Receiver, Sink
from cut_updates import ORDERS, Updater

from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.board.interpreter import one_processor
from filmgauge_sim.board.radio_port import Advertisement, RadioPort
from filmgauge_sim.nodes.cut_witness import CutWitness
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.power_cuts import CutPlan, PowerCuts, TaskWalk, Walk, cut_plan
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import scenario_from
from filmgauge_sim.scenario.simulation import virtual_node

BOARDS = ("esp32-c3", "pico-w", "stm32wb55")
RUNTIMES: tuple[RuntimeName, ...] = ("cpython", "micropython")
WALKS = ("flash", "every-request")
RANDOM_CUTS = 100  # of a case whose plan has no end
UPDATE = "update"  # of a kind of order
KEY = "231d39c1d7cc1ab1aee224cd096db932"
NAME = "cut"
_STEPS = [
    {"action": "charge", "rate_c": 0.2, "hours": 1.0},
    {"action": "discharge", "rate_c": 0.2, "hours": 1.0},
]
# What a node is used for: keys of its table, and of the network. `saved`: its state is saved with
# each wake; `kept`: only its first one and few more; `away`: nobody takes its records, until
# somebody does.
_USES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "saved": ({"intervals": {"sample_s": 60, "report_every": 2, "journal_every": 1}}, {}),
    "kept": ({"intervals": {"sample_s": 60, "report_every": 2, "journal_every": 5}}, {}),
    "away": (
        {"intervals": {"sample_s": 60, "report_every": 1, "journal_every": 3}},
        {"outages": [{"begin_h": 4.0 * n, "end_h": 4.0 * n + 2.0} for n in range(50)]},
    ),
    "radio": (
        {
            "intervals": {"sample_s": 60, "report_every": 1, "journal_every": 4},
            "bluetooth": {"advertise_ms": 5000, "awake_ms": 100, "encrypted": True},
            "secrets": {"ble_key": KEY},
        },
        {},
    ),
    "commanded": (
        {
            "intervals": {"sample_s": 60, "report_every": 1, "journal_every": 3},
            "commands": True,
            "secrets": {"command_key": KEY},
        },
        {},
    ),
}
# Operations from one cut to the next of a walk through orders: a whole firmware has many, most of
# them pieces.
_STRIDES = {"firmware": 13, "settings": 1, "silent": 2, "resetting": 2, "foreign": 1}


@dataclass(frozen=True)
class Case:
    """A board, an interpreter, a use, and where the power goes."""

    board: str
    runtime: RuntimeName
    use: str
    mode: str


@dataclass(frozen=True)
class Result:
    """What came of a case. group: board and use; cuts: by target; problems: what was not kept, in
    words; commands: how many were carried out; error_nah, moved_nah: of the cut that cost most
    charge."""

    case: Case
    group: str
    cuts: int
    targets: dict[str, int]
    wakes: int
    problems: list[str]
    commands: int
    error_nah: float
    moved_nah: float


class _Messages(RadioPort):
    """Expects that no two messages under one key have one number."""

    def __init__(self) -> None:
        self._by_number: dict[bytes, bytes] = {}
        self.doubled = 0

    def advertise(self, event: Advertisement) -> None:
        """See RadioPort."""
        sealed = event.data.partition(b"\xd2\xfc\x45")[2]  # BTHome v2, encrypted
        if sealed:
            number = sealed[-8:-4]
            self.doubled += self._by_number.setdefault(number, sealed) != sealed


def run(case: Case, most: int | None = None) -> Result:
    """Let a node live until its plan has come to its end, or `most` cuts."""
    table, network = _USES["commanded" if case.use.startswith(UPDATE) else case.use]
    world = {"cycler": _STEPS, "clock_error_ppm": 20}
    node_table = {"name": NAME, "board": case.board, "world": world, **table}
    node_table["cell"] = {"soc": 0.5, "soc_sigma": 0.001}
    secrets = node_table.pop("secrets", {})
    scenario = scenario_from({"name": NAME, "network": network, "node": [node_table]})
    plan = _plan(case.mode)
    ends = isinstance(plan, Walk | TaskWalk)
    cuts = PowerCuts(plan, most or (1 << 30 if ends else RANDOM_CUTS))
    messages = _Messages()
    given = scenario.node[0]
    given.secrets.update(secrets)
    options = NodeOptions(case.runtime, radio_port=messages, cuts=cuts)
    with (
        tempfile.TemporaryDirectory(prefix="cuts-") as folder,
        _receiver(case, Path(folder)) as receiver,
    ):
        node = virtual_node(scenario, given, receiver.broker, Path(folder), options)
        receiver.prepare(node)
        try:
            witness = _lived(node, cuts, receiver)
            problems = receiver.problems(node) + witness.problems()
            said = node.console.read_text(errors="replace")
        finally:
            node.close()
    if messages.doubled:
        problems.append(f"{messages.doubled} messages have the number of another one")
    if "Traceback" in said:
        problems.append(said[said.index("Traceback") :][:500])
    return Result(
        case,
        f"{case.board} {case.use}",
        cuts.done,
        dict(cuts.targets),
        node.wakes,
        problems,
        receiver.done,
        witness.error_nah,
        witness.moved_nah,
    )


def _plan(mode: str) -> CutPlan:
    name, _, step = mode.partition(":")
    return TaskWalk(int(step)) if name == "task" else cut_plan(mode)


def _receiver(case: Case, folder: Path) -> "Sink | Commander | Updater":
    if case.use == "commanded":
        return Commander(NAME, KEY, folder)
    use, _, what = case.use.partition(" ")
    return Updater(NAME, KEY, folder, what) if use == UPDATE else Sink(NAME)


def _lived(node: VirtualNode, cuts: PowerCuts, receiver: Receiver) -> CutWitness:
    """Let a node live through its cuts, and a few wakes more."""
    witness = CutWitness(node, lambda: receiver.arrived)

    def step() -> None:
        node.step()
        receiver.after_step(node)
        witness.follow()

    def lives() -> bool:
        return node.dead is None and not witness.is_stuck

    while cuts.done < cuts.most and not cuts.plan.rounds and lives():
        step()
    cuts.most = cuts.done
    until = node.wakes + 4
    while node.wakes < until and lives():
        step()
    return witness


def cases(seed: int = 1) -> Iterator[Case]:
    """Yield cases without end: every walk of every board and use, then plans at random."""
    uses = [(board, use) for use in _USES for board in BOARDS if _fits(board, use)]
    for runtime, mode, (board, use) in itertools.product(RUNTIMES, WALKS, uses):
        yield Case(board, runtime, use, mode)
    for number in itertools.count(seed):
        for board, use in uses:
            yield Case(board, RUNTIMES[number % 2], use, f"random:{number}")


def update_cases(seed: int = 1) -> Iterator[Case]:
    """Yield cases without end of nodes that are updated: a walk through every kind of order on
    every board with Wi-Fi, then plans at random."""
    uses = [(board, what) for what in ORDERS for board in BOARDS if _fits(board, "commanded")]
    for board, what in uses:
        yield Case(board, "micropython", f"{UPDATE} {what}", f"task:{_STRIDES[what]}")
    for number in itertools.count(seed):
        for board, what in uses:
            yield Case(board, "micropython", f"{UPDATE} {what}", f"random:{number}")


def _fits(board: str, use: str) -> bool:
    """Return whether a board has what a use needs: one of the two radios."""
    has_wifi = board != "stm32wb55"
    return {"radio": not has_wifi, "away": has_wifi, "commanded": has_wifi}.get(use, True)


def main() -> int:
    """Print the results, a line each; say on the way how many are bad. Return 1 for any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=10000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--updates", action="store_true")
    options = parser.parse_args()
    done: Counter[str] = Counter()
    with one_processor():
        chosen = update_cases if options.updates else cases
        for number, case in enumerate(chosen(options.seed)):
            if number < options.first:
                continue
            result = run(case)
            print(json.dumps({"number": number, **asdict(result)}), flush=True)
            done.update(cuts=result.cuts, bad=len(result.problems))
            print(f"case {number}: {done['cuts']} cuts, {done['bad']} problems", file=sys.stderr)
            if done["cuts"] >= options.cuts:
                break
    return int(done["bad"] > 0)


if __name__ == "__main__":
    sys.exit(main())
