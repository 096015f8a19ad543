"""Shows how it goes with a board: a bar in a terminal, a line for each step without one."""

import sys

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from filmgauge_host.terminal.screen import can_draw


class BoardLines:
    """Writes to standard error. quiet: nothing at all. Use as a context."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._console = Console(stderr=True, highlight=False)
        self._bar: Progress | None = None
        self._waiting_s = 0

    def __enter__(self) -> "BoardLines":
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop()

    def say(self, text: str) -> None:
        """Write a line."""
        self._stop()
        if not self._quiet:
            self._console.print(text, markup=False, soft_wrap=True)

    def wait(self, seconds: float) -> None:
        """Say now and then that the board does not answer yet."""
        if int(seconds) // 5 > self._waiting_s // 5:
            self.say(
                f"no answer for {seconds:.0f} s: a node that sleeps answers when it wakes, "
                "or when its reset button is pressed"
            )
        self._waiting_s = int(seconds)

    def progress(self, what: str, done: int, total: int) -> None:
        """Move the bar."""
        if self._quiet or not can_draw(sys.stderr) or not total:
            return
        if self._bar is None:
            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                DownloadColumn(),
                TimeElapsedColumn(),
                console=self._console,
            )
            self._bar.start()
            self._task = self._bar.add_task(what, total=total)
        self._bar.update(self._task, description=what, completed=done, total=total)

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
