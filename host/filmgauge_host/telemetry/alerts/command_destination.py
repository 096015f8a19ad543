"""A command that is run for each notification: an argv without a shell.

The notification is JSON on its standard input, and its fields are in the environment:
FILMGAUGE_ALERT_TRANSITION, ..._ID, ..._RULE, ..._NODE, ..._SUBJECT, ..._SEVERITY, ..._TEXT,
..._VALUE.
"""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress

from filmgauge_host.telemetry.alerts.alert import Notification
from filmgauge_host.telemetry.alerts.delivery import DeliveryError

_PREFIX = "FILMGAUGE_ALERT_"
_SAID = 150  # characters of what it says last
_KEPT = 4 * _SAID  # bytes of it
_PIPE = 1 << 20  # bytes at most that a pipe holds
_POLL_S = 0.05
_KILLED_S = 5.0  # in which a process that is killed ends, unless a device holds it


class CommandDestination:
    """Runs `command`, its arguments as they are, for at most `timeout_s`. What it leaves running
    when it ends is not waited for."""

    at_once = 1
    collect_s = 0.0

    def __init__(self, command: list[str], timeout_s: float) -> None:
        self._command = command
        self._timeout_s = timeout_s

    def send(self, notifications: Sequence[Notification]) -> None:
        """Return once it has ended with 0; raise DeliveryError."""
        (notification,) = notifications
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=os.environ | _fields(notification),
                start_new_session=True,  # so that all it has started ends with it
            )
        except OSError as error:
            raise DeliveryError(f"{self._command[0]}: {error.strerror}") from None
        assert process.stdin is not None
        assert process.stderr is not None
        with process.stderr as said:
            with suppress(BrokenPipeError), process.stdin as asked:
                asked.write(notification.to_json().encode())
            last = _last_words(process, said.fileno(), time.monotonic() + self._timeout_s)
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_KILLED_S)
            raise DeliveryError(f"{self._command[0]} had not ended after {self._timeout_s:g} s")
        if process.returncode:
            raise DeliveryError(
                f"{self._command[0]} ended with {process.returncode}"
                + (f": {last}" if last else "")
            )


def _last_words(process: subprocess.Popen[bytes], said: int, deadline_s: float) -> str:
    """Wait until a process has ended, or for the deadline; return the last of what it has said.

    said: the pipe that it says it to, whose end is no sign: what it has started may hold it open.
    """
    os.set_blocking(said, False)
    last, is_over = b"", False
    while not is_over:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_POLL_S)
        is_over = process.returncode is not None or time.monotonic() > deadline_s
        with suppress(BlockingIOError):
            last = (last + os.read(said, _PIPE))[-_KEPT:]
    return last.decode(errors="replace").strip()[-_SAID:]


def _fields(notification: Notification) -> dict[str, str]:
    alert = notification.alert
    values = {
        "TRANSITION": notification.transition,
        "ID": alert.id,
        "RULE": alert.rule,
        "NODE": alert.node,
        "SUBJECT": alert.subject,
        "SEVERITY": alert.severity,
        "TEXT": alert.text.replace("\0", ""),
        "VALUE": "" if alert.value is None else alert.value,
    }
    return {_PREFIX + name: str(value) for name, value in values.items()}
