"""A command that is run for each notification: an argv without a shell.

The notification is JSON on its standard input, and its fields are in the environment:
FILMGAUGE_ALERT_TRANSITION, ..._ID, ..._RULE, ..._NODE, ..._SUBJECT, ..._SEVERITY, ..._TEXT,
..._VALUE.
"""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress

from filmgauge_host.telemetry.alerts.alert import Notification
from filmgauge_host.telemetry.alerts.delivery import DeliveryError

_PREFIX = "FILMGAUGE_ALERT_"
_SAID = 150  # characters of what it says last


class CommandDestination:
    """Runs `command`, its arguments as they are, for at most `timeout_s`."""

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
        try:
            _, said = process.communicate(notification.to_json().encode(), self._timeout_s)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise DeliveryError(
                f"{self._command[0]} had not ended after {self._timeout_s:g} s"
            ) from None
        if process.returncode:
            last = said.decode(errors="replace").strip()[-_SAID:]
            raise DeliveryError(
                f"{self._command[0]} ended with {process.returncode}"
                + (f": {last}" if last else "")
            )


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
