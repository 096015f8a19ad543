"""What a runtime is: something that runs the firmware from boot until the board stops it."""

from typing import Protocol

from filmgauge_sim.board.board import VirtualBoard
from filmgauge_sim.board.outcome import Outcome


class Runtime(Protocol):
    """Runs firmware on a virtual board."""

    def run(self, board: VirtualBoard) -> Outcome:
        """Run the firmware of a booted board until it sleeps, resets, loses power or ends.

        After an outcome that resumes, the next call goes on where the firmware was.
        """
        ...

    def stop(self) -> None:
        """End an interrupted run as a loss of power does."""
        ...

    def close(self) -> None:
        """Let go of processes and files."""
        ...
