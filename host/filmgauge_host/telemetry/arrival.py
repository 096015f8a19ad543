"""What was found out about whether a node's messages arrive at the monitor, and how to mend it.

The lines for the ACL file are mosquitto's: a block begins with `user NAME`, what stands before the
first block is for clients without a login.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from filmgauge.uplink.mqtt import topics
from filmgauge_host.errors import DataGapError, FilmgaugeError, NoBrokerError
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.broker_login import Answer, LoginRefusedError

Verdict: TypeAlias = Literal[
    "arrived", "dropped", "unreadable", "undelivered", "login_refused", "unreachable"
]

LEAVES = (topics.TELEMETRY, topics.LOG, topics.STATUS, topics.INFO)
_RELOAD = "mosquitto reads its files again on SIGHUP"
_WHY = {  # something is dropped, something may not be read
    (True, False): "drops it",
    (False, True): "does not let the monitor read it",
    (True, True): "drops a part of it, and does not let the monitor read the rest",
    (False, False): "drops it on one of both ways",
}


@dataclass(frozen=True, slots=True)
class Publisher:
    """The node's name and its login at the broker."""

    node: str
    address: BrokerAddress


@dataclass(frozen=True, slots=True)
class Arrival:
    """Whether what a node publishes arrives; `sentence` says it to people.

    dropped: the broker does not let the node publish; unreadable: nor the monitor read;
    undelivered: one of both, and the broker does not say which. arrived, missing: ends of topics;
    what is in neither was not tried. acl: the lines that the ACL file lacks, in order.
    """

    verdict: Verdict
    broker: str
    sentence: str
    arrived: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    acl: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise NoBrokerError or DataGapError with the sentence unless everything arrives."""
        if self.verdict == "arrived":
            return
        no_broker = self.verdict in ("login_refused", "unreachable")
        error: type[FilmgaugeError] = NoBrokerError if no_broker else DataGapError
        raise error(self.sentence)


@dataclass(slots=True)
class Findings:
    """What is found out topic by topic. missing: leaf -> what the broker answered.

    publisher: None when the node's name and login are not on this machine.
    """

    monitor: BrokerAddress
    publisher: Publisher | None
    arrived: set[str] = field(default_factory=set)
    missing: dict[str, Answer] = field(default_factory=dict)

    def arrival(self, seq: int | None) -> Arrival:
        """Return what they amount to. seq: of the record that came, None for probes only."""
        broker, arrived, missing = str(self.monitor), _sorted(self.arrived), _sorted(self.missing)
        if not missing:
            return Arrival("arrived", broker, f"broker {broker}: {self._praise(seq)}", arrived)
        answers = set(self.missing.values())
        write = self._write_lines(Answer.DENIED, Answer.ACKNOWLEDGED)
        read = self._read_lines(Answer.ACCEPTED, Answer.ACKNOWLEDGED)
        why = _WHY[Answer.DENIED in answers, Answer.ACCEPTED in answers]
        either = " or " if Answer.ACKNOWLEDGED in answers else " and "
        lines = either.join(_quoted(block) for block in (write, read) if block)
        sentence = (
            f"broker {broker} acknowledges what {self._node} publishes on {_listed(missing)}, and"
            f" the monitor does not see it: the ACL {why}. As the broker has read it, it lacks"
            f" {lines}; {_RELOAD}"
        )
        return Arrival(_verdict(answers), broker, sentence, arrived, missing, (*write, *read))

    def _praise(self, seq: int | None) -> str:
        came = "" if seq is None else f"record {seq} arrived, and "
        untried = _sorted(set(LEAVES) - self.arrived)
        doubt = f"; {_listed(untried)} could not be tried" if untried else ""
        through = f"what {self._node} publishes comes through to the monitor"
        return f"{came}{through} ({_listed(_sorted(self.arrived))}{doubt})"

    @property
    def _node(self) -> str:
        return self.publisher.node if self.publisher else "this node"

    def _write_lines(self, *answers: Answer) -> tuple[str, ...]:
        """Return the lines that let the node publish what got one of these answers."""
        node = self.publisher.node if self.publisher else "NODE"
        user = self.publisher.address.user if self.publisher else node
        return _block(user, [f"topic write {topics.topic(node, x)}" for x in self._of(answers)])

    def _read_lines(self, *answers: Answer) -> tuple[str, ...]:
        """Return the lines that let the monitor read what got one of these answers."""
        leaves = self._of(answers)
        names = ["filmgauge/#"] if set(leaves) == set(LEAVES) else map(_of_all, leaves)
        return _block(self.monitor.user, [f"topic read {name}" for name in names])

    def _of(self, answers: tuple[Answer, ...]) -> tuple[str, ...]:
        return _sorted(leaf for leaf, answer in self.missing.items() if answer in answers)


def no_broker(address: BrokerAddress, login: str, error: NoBrokerError) -> Arrival:
    """Return what an error amounts to. login: whose, in words."""
    refused = isinstance(error, LoginRefusedError)
    sentence = f"whether records arrive is not known: {error}"
    if refused:
        sentence += f". It is the login of {login}; {_RELOAD}"
    return Arrival("login_refused" if refused else "unreachable", str(address), sentence)


def _verdict(answers: set[Answer]) -> Verdict:
    if Answer.DENIED in answers:
        return "dropped"
    return "unreadable" if Answer.ACCEPTED in answers else "undelivered"


def _sorted(leaves: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(leaves, key=LEAVES.index))


def _listed(words: tuple[str, ...]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def _of_all(leaf: str) -> str:
    return topics.topic("+", leaf)


def _block(user: str | None, lines: list[str]) -> tuple[str, ...]:
    head = (f"user {user}",) if user is not None else ()
    return (*head, *lines) if lines else ()


def _quoted(block: tuple[str, ...]) -> str:
    """Return a block of the ACL file for a sentence."""
    first, *rest = block
    if not first.startswith("user "):
        return f"{', '.join(f'`{line}`' for line in block)} before the first `user`"
    return f"{', '.join(f'`{line}`' for line in rest)} below `{first}`"
