"""Runs the nodes of a scenario beside each other in virtual time."""

import heapq
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from filmgauge_sim.board.processor import one_processor
from filmgauge_sim.node import Broker, RuntimeName, VirtualNode
from filmgauge_sim.scenario import Scenario, duration_us

_NAP_S = 0.1  # how often a throttled run looks whether it should stop


class Simulation:
    """The nodes of a scenario; the one that is furthest behind goes next.

    speed: virtual seconds a second, None for as fast as the machine allows.
    """

    def __init__(
        self,
        scenario: Scenario,
        broker: Broker,
        folder: Path,
        runtime: RuntimeName = "micropython",
        duration: str | None = None,
        speed: float | None = None,
    ) -> None:
        """Build the nodes; their files go into `folder`. ValueError for a wrong duration."""
        self.scenario = scenario
        self.end_us = duration_us(duration or scenario.duration)
        self._speed = speed
        self.nodes: list[VirtualNode] = []
        self._stack = ExitStack()
        try:
            if runtime == "micropython":
                self._stack.enter_context(one_processor())
            for section in scenario.node:
                node = VirtualNode(
                    section, scenario.network, broker, scenario.seed, folder, runtime
                )
                self.nodes.append(node)
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
        began_s = time.monotonic()
        queue = [(node.now_us, index) for index, node in enumerate(self.nodes)]
        heapq.heapify(queue)
        while queue:
            now_us, index = heapq.heappop(queue)
            if now_us >= self.end_us or not self._keep_pace(now_us, began_s, on_idle):
                return
            node = self.nodes[index]
            node.step()
            on_wake(node)
            if not on_idle():
                return
            if node.dead is None:
                heapq.heappush(queue, (node.now_us, index))

    def close(self) -> None:
        """End all processes and close all files; use the thread that made the simulation."""
        for node in self.nodes:
            node.close()
        self._stack.close()

    def _keep_pace(self, now_us: int, began_s: float, on_idle: Callable[[], bool]) -> bool:
        """Wait until the real clock has come as far; return whether to go on."""
        if self._speed is None:
            return True
        due_s = began_s + now_us / 1e6 / self._speed
        while (left_s := due_s - time.monotonic()) > 0:
            time.sleep(min(left_s, _NAP_S))
            if not on_idle():
                return False
        return True
