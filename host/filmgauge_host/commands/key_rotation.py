"""New keys over the air, with both in force until the node has answered under the new one.

Whatever is lost on the way, a command, its answer, the power, the same call goes on where it was:
the node has the old key or the new one, and the host keeps both until it knows which.
"""

from collections.abc import Mapping
from typing import Protocol

from filmgauge_host.commands.actions import Action, configure, parse_action
from filmgauge_host.commands.mqtt_commander import Outcome
from filmgauge_host.errors import FilmgaugeError

COMMAND_KEY = "command_key"
PASSWORD = "mqtt_password"


class NotRotatedError(FilmgaugeError):
    """A key is not changed yet: both still hold, and the same command goes on."""


class Send(Protocol):
    """Sends an action to a node under a key. is_patient: it may boot with that key first."""

    def __call__(self, key: bytes, action: Action, is_patient: bool = False) -> Outcome: ...


class Keys(Protocol):
    """Keys of a node on the host (provision/key_files.py)."""

    def value(self, name: str) -> str: ...
    def next_value(self, name: str) -> str: ...
    def begin(self, name: str) -> str: ...
    def finish(self, name: str) -> None: ...


def rotate_command_key(keys: Keys, send: Send) -> None:
    """Give a node another command_key. Raises NotRotatedError."""
    is_resumed = bool(keys.next_value(COMMAND_KEY))
    new = bytes.fromhex(keys.begin(COMMAND_KEY))
    old = bytes.fromhex(keys.value(COMMAND_KEY))
    if not (is_resumed and send(new, parse_action(["report"])).is_done):
        _change(send, old, {COMMAND_KEY: new.hex()})
        answered = send(new, parse_action(["report"]), is_patient=True)
        if not answered.is_done:
            raise _not_rotated(COMMAND_KEY, answered, "the node has not answered under it")
    keys.finish(COMMAND_KEY)


def begin_password(keys: Keys, send: Send) -> str:
    """Let a node log in with a new password, and with the old one where the broker refuses that;
    return the new one, which the broker may have from now on. Raises NotRotatedError."""
    new = keys.begin(PASSWORD)
    both = {PASSWORD: new, f"{PASSWORD}_next": keys.value(PASSWORD)}
    _change(send, bytes.fromhex(keys.value(COMMAND_KEY)), both)
    return new


def finish_password(keys: Keys, send: Send) -> None:
    """Let a node forget the old password, once the broker takes the new one alone."""
    _change(send, bytes.fromhex(keys.value(COMMAND_KEY)), {f"{PASSWORD}_next": None})
    keys.finish(PASSWORD)


def _change(send: Send, key: bytes, changes: Mapping[str, int | str | None]) -> None:
    """Change keys of the node's configuration and let it boot with them.

    A board that boots with each wake may have another command_key by then, and refuse this one.
    """
    name = next(iter(changes))
    outcome = send(key, configure(dict(changes)))
    if outcome.is_done:
        outcome = send(key, parse_action(["reboot"]))
        if outcome.is_done or (name == COMMAND_KEY and outcome.is_wrong_key):
            return
    raise _not_rotated(name, outcome, "the node has not answered")


def _not_rotated(name: str, outcome: Outcome, silence: str) -> NotRotatedError:
    answer = outcome.answer
    reason = silence if answer is None else f"the node says: {answer.text}"
    return NotRotatedError(
        f"{outcome.node}: {name} is not changed yet, {reason}; both are kept: run this again"
    )
