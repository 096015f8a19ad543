"""Runs the nodes of a scenario beside each other in virtual time, and a Bluetooth air with them.

    air = Air(scenario.seed)                    # filmgauge_sim.air.air; None where nobody listens
    simulation = Simulation(scenario, broker, folder, air=air)
    task = air.loop.create_task(bridge())       # a host's coroutine lives on the loop of the air
    simulation.run(on_wake, on_idle)            # time there is the virtual time of the nodes

The air always stands where the node that is furthest behind stands, and a node that a peer may
speak to goes on in slices, so that any number of them can be connected at once. With `speed` the
air follows the real clock in steps of some milliseconds, also while all nodes sleep.
"""

import heapq
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from filmgauge_sim.board.executable import RuntimeName, check_runtime
from filmgauge_sim.board.interpreter import one_processor
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.node_options import DEFAULT_OPTIONS, NodeOptions
from filmgauge_sim.nodes.power_cuts import PowerCuts, cut_plan
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.scenario import Scenario, ScenarioNode, duration_us

if TYPE_CHECKING:
    from filmgauge_sim.air.air import Air

_NAP_S = 0.1  # how often a throttled run looks whether it should stop
_AIR_NAP_S = 0.005  # and how often an air looks what the real world brings
_ASK_S = 0.05  # the same for a run as fast as the machine allows


class Simulation:
    """The nodes of a scenario; the one that is furthest behind goes next.

    speed: virtual seconds a second, None for as fast as the machine allows.
    air: where nodes that advertise are heard; it stays the caller's, who closes it.
    single: real interpreters compute in single precision, as the boards do. cut, cuts: by which
    plan the power of each node goes, and how often (nodes/power_cuts.py).
    """

    def __init__(
        self,
        scenario: Scenario,
        broker: Broker,
        folder: Path,
        runtime: RuntimeName = "micropython",
        duration: str | None = None,
        speed: float | None = None,
        air: "Air | None" = None,
        single: bool = False,
        cut: str | None = None,
        cuts: int = 0,
    ) -> None:
        """Build the nodes; their files go into `folder`. ValueError for a wrong duration, an
        unknown runtime or plan, or single precision without a real interpreter."""
        check_runtime(runtime, single)
        self.scenario = scenario
        self.end_us = duration_us(duration or scenario.duration)
        self._speed = speed
        self._air = air
        self.nodes: list[VirtualNode] = []
        self._stack = ExitStack()
        if air is not None:
            air.loop.is_paced = True
        try:
            if runtime != "cpython":
                self._stack.enter_context(one_processor())
            for each in scenario.node:
                talks = air is not None and each.description.advertises
                port = air.radio_port(each.name) if air and talks else None
                power = PowerCuts(cut_plan(cut), cuts) if cut is not None else None
                options = NodeOptions(runtime, radio_port=port, single=single, cuts=power)
                self.nodes.append(virtual_node(scenario, each, broker, folder, options))
        except BaseException:
            self.close()
            raise

    @property
    def now_us(self) -> int:
        """Virtual time that every living node has reached."""
        alive = [node.now_us for node in self.nodes if node.dead is None]
        return min(min(alive, default=self.end_us), self.end_us)

    def run(self, on_wake: Callable[[VirtualNode], None], on_idle: Callable[[], bool]) -> None:
        """Run to the end; `on_wake` after every wake; stop early when `on_idle` returns False.

        `on_idle` is called after every wake and at least ten times a second while throttled.
        """
        self._began_s = self._asked_s = time.monotonic()
        queue = [(node.now_us, index) for index, node in enumerate(self.nodes)]
        heapq.heapify(queue)
        while queue:
            now_us, index = heapq.heappop(queue)
            if not self._reach(min(now_us, self.end_us), on_idle) or now_us >= self.end_us:
                return
            node = self.nodes[index]
            node.step(0 if self._speed else self.end_us)  # a throttled run shows time go on
            if self._air is not None:  # after each, so that the order does not depend on real time
                self._air.poll()
            if node.in_wake:
                if not self._is_wanted(on_idle):
                    return
            else:
                on_wake(node)
                if not on_idle():
                    return
            if node.dead is None:
                heapq.heappush(queue, (node.now_us, index))
        if self._air is not None:
            self._reach(self.end_us, on_idle)

    def close(self) -> None:
        """End all processes and close all files; use the thread that made the simulation."""
        for node in self.nodes:
            node.close()
        self._stack.close()

    def _reach(self, now_us: int, on_idle: Callable[[], bool]) -> bool:
        """Let the real clock and the air come as far as `now_us`; return whether to go on."""
        air, speed = self._air, self._speed
        if speed is not None:
            due_s = self._began_s + now_us / 1e6 / speed
            while (left_s := due_s - time.monotonic()) > 0:
                nap_s = _NAP_S
                if air is not None:
                    air.run_to(round((time.monotonic() - self._began_s) * speed * 1e6))
                    nap_s = _AIR_NAP_S
                time.sleep(min(left_s, nap_s))
                if not self._is_wanted(on_idle):
                    return False
        if air is not None:
            air.run_to(now_us)
        return True

    def _is_wanted(self, on_idle: Callable[[], bool]) -> bool:
        """Ask now and then whether to go on; while throttled, let the real world have its say."""
        now_s = time.monotonic()
        pause_s = _NAP_S
        if self._air is not None:
            pause_s = _AIR_NAP_S if self._speed is not None else _ASK_S
        if now_s - self._asked_s < pause_s:
            return True
        self._asked_s = now_s
        if self._air is not None and self._speed is not None:
            self._air.poll()
        return on_idle()


def virtual_node(
    scenario: Scenario,
    node: ScenarioNode,
    broker: Broker,
    folder: Path,
    options: NodeOptions = DEFAULT_OPTIONS,
) -> VirtualNode:
    """Return a node of a scenario as `VirtualNode` builds it; its files go into `folder`."""
    return VirtualNode(
        node.description,
        node.world,
        node.secrets,
        scenario.network.access_point(node),
        broker,
        scenario.seed,
        folder,
        options,
        node.fault,
    )
