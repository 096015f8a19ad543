"""Brings commands to nodes through a broker, and waits for the answers of those that sleep.

A node answers when it reports next. What it is sent waits at the broker from the time when it
first listened; before that nobody keeps it, so it is sent once more each time when the node has
reported without an answer: no frame is carried out twice.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from filmgauge.uplink.actions import TIME
from filmgauge.uplink.commands import DONE, OLD_COUNTER, WRONG_MAC
from filmgauge.uplink.mqtt.topics import ACK, COMMAND, STATUS, topic
from filmgauge_host.commands.actions import Action
from filmgauge_host.commands.counters import CommandCounters
from filmgauge_host.commands.frames import frame, mac_of_answer
from filmgauge_host.errors import FilmgaugeError, InputError
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.broker_login import Answer as BrokerAnswer
from filmgauge_host.telemetry.broker_login import BrokerLogin, answering_login
from filmgauge_host.telemetry.messages import object_of, printable

_POLL_S = 0.05
_LATE_S = 5.0  # of a time
_LOST_ANSWER = "it has had this command, and its answer was lost: nobody knows whether it was done"
_LATEST_S = 90.0  # after a node was due: joining, sending what waits
_UNKNOWN_S = 3600.0  # how long to wait for a node of which nobody knows when it reports


@dataclass(frozen=True, slots=True)
class Answer:
    """What a node has said. is_proven: by the key of the command; last: its counter."""

    counter: int
    status: int
    text: str
    last: int
    is_proven: bool


@dataclass(slots=True)
class Outcome:
    """What became of one node's command. answer: the one that decides; None while there is none.
    interval_s: from one report of the node to the next, as it has announced."""

    node: str
    answer: Answer | None = None
    interval_s: int | None = None

    @property
    def is_done(self) -> bool:
        """Whether the node has carried it out."""
        return self.answer is not None and self.answer.status == DONE

    @property
    def is_wrong_key(self) -> bool:
        """Whether the node, or who speaks for it, says that it has another key."""
        return self.answer is not None and not self.answer.is_proven


@dataclass(slots=True)
class _Sent:
    """The frames of one node and its answers. is_patient: it may have another key yet; refusal:
    that it has, as long as nothing else is known; next_key: which one it may have."""

    node: str
    key: bytes
    action: Action
    outcome: Outcome
    is_patient: bool = False
    next_key: bytes | None = None
    refusal: Answer | None = None
    begun_s: float = 0.0  # when its last frames were made, by the monotonic clock
    frames: dict[int, bytes] = field(default_factory=dict)  # by counter
    done: set[int] = field(default_factory=set)
    attempts: int = 0
    made_s: float = 0.0  # when a frame with a time was


class MqttCommander:
    """Use as a context, as BrokerLogin: it raises what that does."""

    def __init__(
        self,
        address: BrokerAddress,
        counters: CommandCounters,
        nodes: Sequence[str],
        say: Callable[[str], None] = lambda sentence: None,
        unix_s: Callable[[], float] = time.time,
    ) -> None:
        answers, states = (tuple(topic(node, leaf) for node in nodes) for leaf in (ACK, STATUS))
        self._login = BrokerLogin(address, answers, states=states)
        self._address = address
        self._counters = counters
        self._say = say
        self._unix_s = unix_s
        self._sender = self._login  # until it is entered
        self._stack = ExitStack()

    def __enter__(self) -> "MqttCommander":
        with ExitStack() as stack:
            stack.enter_context(self._login)
            self._sender = stack.enter_context(answering_login(self._address))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def send(
        self,
        keys: Mapping[str, bytes],
        action: Action | Mapping[str, Action],
        timeout_s: float | None = None,
        on_answer: Callable[[Outcome], None] = lambda outcome: None,
        is_patient: bool = False,
        next_keys: Mapping[str, bytes] | None = None,
    ) -> list[Outcome]:
        """Send an action to nodes, or to each its own, each with its key; return what became of
        it, in their order. Raises FilmgaugeError where the broker does not let it through.

        timeout_s: until when to wait at most; None: until each has reported twice. on_answer:
        gets what became of a node as soon as that is known. is_patient: a node that says it has
        another key is asked again when it has reported: it may be about to boot with this one.
        next_keys: of nodes whose key is being changed, for those that refuse the one of before.
        """
        actions = dict.fromkeys(keys, action) if isinstance(action, Action) else action
        sent = {
            node: _Sent(
                node, key, actions[node], Outcome(node), is_patient, (next_keys or {}).get(node)
            )
            for node, key in keys.items()
        }
        self._read(sent)
        for each in sent.values():
            self._begin(each, 0)
        begun_s = time.monotonic()
        waiting = list(sent.values())
        while True:
            for each in waiting:
                if each.outcome.answer is not None:
                    on_answer(each.outcome)
            waiting = [each for each in waiting if each.outcome.answer is None]
            deadlines = [_deadline(each, begun_s, timeout_s) for each in waiting]
            if time.monotonic() > max(deadlines, default=0.0):
                break
            time.sleep(_POLL_S)
            self._read(sent)
        for each in waiting:
            each.outcome.answer = each.refusal
        return [each.outcome for each in sent.values()]

    def _begin(self, sent: _Sent, above: int) -> None:
        payloads = sent.action.payloads()
        sent.begun_s = time.monotonic()
        if sent.action.operation == TIME:
            sent.made_s = self._unix_s()
        first = self._counters.reserve(sent.node, len(payloads), above)
        sent.frames = {
            first + i: frame(sent.node, sent.key, first + i, sent.action.operation, payload)
            for i, payload in enumerate(payloads)
        }
        sent.done = set()
        sent.attempts += 1
        self._publish(sent)

    def _publish(self, sent: _Sent) -> None:
        for counter, data in sent.frames.items():
            if counter in sent.done:
                continue
            name = topic(sent.node, COMMAND)
            if self._sender.publish(name, data) is BrokerAnswer.DENIED:
                raise FilmgaugeError(
                    f"the broker does not let this login write {name}: its acl needs a line for it"
                )

    def _read(self, sent: dict[str, _Sent]) -> None:
        for name, payload, is_old in self._login.drain():
            _, node, leaf = name.split("/")
            each = sent.get(node)
            if each is None or each.outcome.answer is not None:
                continue
            values = object_of(payload)
            if leaf == STATUS:
                self._update_schedule(each, values, is_old)
            elif answer := _answer(node, each.key, values):
                self._judge(each, answer)

    def _update_schedule(self, sent: _Sent, values: dict[str, Any], is_old: bool) -> None:
        interval_s = values.get("next_report_s")
        if values.get("state") != "sleeping" or type(interval_s) is not int:
            return
        outcome = sent.outcome
        outcome.interval_s = interval_s
        if is_old:
            self._say(f"{sent.node} reports every {interval_s} s: it answers then")
        elif sent.frames:  # it has reported, and has not had it
            self._publish(sent)

    def _judge(self, sent: _Sent, answer: Answer) -> None:
        if not answer.is_proven:
            if answer.status == WRONG_MAC and not answer.counter:
                self._judge_wrong_key(sent, answer)
            return
        if answer.counter not in sent.frames:
            return
        if answer.status == OLD_COUNTER and answer.last not in sent.frames:
            if sent.attempts > 1:
                sent.outcome.answer = answer
            else:  # somebody else has sent commands, or our own count is lost
                self._begin_behind(sent, answer)
        elif answer.status not in (DONE, OLD_COUNTER):
            sent.outcome.answer = answer
        elif answer.status == OLD_COUNTER and sent.action.may_repeat:
            self._begin_behind(sent, answer)  # its answer was lost
        elif answer.counter not in sent.done:
            sent.done.add(answer.counter)
            if answer.status == OLD_COUNTER:
                answer = replace(answer, text=_LOST_ANSWER)
            elif sent.action.operation == TIME:
                self._say_lateness(sent)
            if len(sent.done) == len(sent.frames):
                sent.outcome.answer = answer

    def _judge_wrong_key(self, sent: _Sent, answer: Answer) -> None:
        """A node may say so once more of frames that it got twice, so the next key is not given
        up for that."""
        if sent.next_key is not None:
            sent.key, sent.next_key, sent.is_patient = sent.next_key, None, True
            self._begin(sent, 0)
            return
        sent.refusal = answer
        sent.outcome.answer = None if sent.is_patient else answer

    def _begin_behind(self, sent: _Sent, answer: Answer) -> None:
        """Send the command behind what the node has proven to have had, if there is a number."""
        try:
            self._begin(sent, answer.last)
        except InputError as error:  # which does not end the waiting for other nodes
            sent.outcome.answer = replace(answer, text=str(error))

    def _say_lateness(self, sent: _Sent) -> None:
        """Say that a time has waited at the broker until the node reported."""
        late_s = self._unix_s() - sent.made_s
        if late_s > _LATE_S:
            late = f"{late_s:.0f} s after it was sent"
            self._say(f"{sent.node} got the time {late}: its clock is slow by that")


def _deadline(sent: _Sent, begun_s: float, timeout_s: float | None) -> float:
    if timeout_s is not None:
        return begun_s + timeout_s
    interval_s = sent.outcome.interval_s
    return sent.begun_s + (_UNKNOWN_S if interval_s is None else 2 * interval_s + _LATEST_S)


def _answer(node: str, key: bytes, values: dict[str, Any]) -> Answer | None:
    """Return an answer, None for what is none."""
    counter, status, last = (values.get(name) for name in ("counter", "status", "last"))
    text = values.get("text")
    if not (isinstance(text, str) and isinstance(counter, int) and isinstance(status, int)):
        return None
    if not isinstance(last, int):
        return None
    mac = mac_of_answer(node, key, counter, status, text, last)
    return Answer(counter, status, printable(text), last, values.get("mac") == mac)
