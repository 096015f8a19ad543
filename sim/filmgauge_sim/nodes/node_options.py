"""How a virtual node is run, whatever it is and wherever it stands."""

from collections.abc import Mapping
from dataclasses import dataclass

from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.board.radio_port import RadioPort
from filmgauge_sim.nodes.power_cuts import PowerCuts


@dataclass(frozen=True)
class NodeOptions:
    """The defaults are those of `filmgauge run`: the firmware on a real interpreter.

    heap_kb: of a 32-bit board, that of its kind unless given. real_wait_ms: real time for which a
    board waits for an answer from the network. radio_port: its way to a Bluetooth air, None where
    nobody listens. single: a real interpreter computes in single precision, as the boards do.
    cuts: of its power, one set a node. sources: of other firmware, path on the board -> text.
    """

    runtime: RuntimeName = "micropython"
    heap_kb: int | None = None
    real_wait_ms: int = 5000
    radio_port: RadioPort | None = None
    single: bool = False
    cuts: PowerCuts | None = None
    sources: Mapping[str, str] | None = None


DEFAULT_OPTIONS = NodeOptions()
