"""Brings versions to nodes through a broker, and follows each node to its end.

with FieldUpdate(address, targets, keys, commander) as update:
    update.begin(payloads)
    while not update.is_over():
        update.poll()               # update.progress: what is known of each node
    if not update.may_be_fetched():
        update.withdraw()           # the pieces, which the broker keeps until then
"""

import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from filmgauge.upgrade.outcome import REFUSING, RUNS, SWITCHED_BACK
from filmgauge.uplink.actions import UPDATE
from filmgauge.uplink.mqtt.topics import EVENT, FIRMWARE, INFO, PREFIX, topic
from filmgauge_host.commands.actions import Action
from filmgauge_host.commands.mqtt_commander import MqttCommander, Outcome
from filmgauge_host.errors import FilmgaugeError, NoBrokerError
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.broker_login import Answer, BrokerLogin, answering_login
from filmgauge_host.telemetry.messages import object_of, printable
from filmgauge_host.upgrade.version import Version

ASLEEP, ORDERED, SILENT = "waits for its next report", "ordered", "has not answered"
REPLACED = "another version was ordered meanwhile"
ENDS = (RUNS, SWITCHED_BACK, REFUSING, SILENT, REPLACED)
_EARLIER = " since an earlier call; what commands have changed since stays so (--again brings all)"
_OF = re.compile(r"(\d+) of (\d+)$")


@dataclass(slots=True)
class Progress:
    """How far a node is. state: a word of the firmware's outcome.py, or of this module; done, of:
    pieces."""

    node: str
    version: Version
    state: str = ASLEEP
    done: int = 0
    of: int = 0
    text: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be expected."""
        return self.state in ENDS

    @property
    def has_failed(self) -> bool:
        """Whether the node does not run the version at the end."""
        return self.state in ENDS and self.state != RUNS


class FieldUpdate:
    """Use as a context. Raises NoBrokerError as BrokerLogin does.

    targets: node -> its version; keys: node -> its command_key; next_keys: node -> the one that it
    may have already, where that is being changed.
    """

    def __init__(
        self,
        address: BrokerAddress,
        targets: Mapping[str, Version],
        keys: Mapping[str, bytes],
        commander: MqttCommander,
        next_keys: Mapping[str, bytes] | None = None,
    ) -> None:
        self.progress = {node: Progress(node, version) for node, version in targets.items()}
        events, infos = (tuple(topic(node, leaf) for node in targets) for leaf in (EVENT, INFO))
        self._address = address
        self._login = BrokerLogin(address, events, states=infos)
        self._keys = dict(keys)
        self._next_keys = dict(next_keys or {})
        self._commander = commander
        self._answers: list[Outcome] = []
        self._failures: list[FilmgaugeError] = []
        self._connections = 0  # of the login, when the pieces were last published; 0: they are not

    def __enter__(self) -> Self:
        self._login.__enter__()
        return self

    def __exit__(self, *_error: object) -> None:
        self._login.close()

    def begin(self, payloads: Mapping[str, bytes]) -> None:
        """Publish what is to be fetched, and order it from nodes that do not run it yet.

        payloads: node -> payload of its order. Raises FilmgaugeError where the broker takes none.
        """
        with BrokerLogin(self._address) as reader:
            infos = reader.read_retained(topic(node, INFO) for node in self.progress)
        for name, payload in infos.items():
            self._apply(name, payload)
        self.poll()
        pending = {
            node: payloads[node] for node, each in self.progress.items() if not each.is_over
        }
        if not pending:
            return
        self._connections = self._login.connections
        self._publish(are_kept=True)
        threading.Thread(target=self._order, args=(pending,), daemon=True).start()

    def _order(self, payloads: Mapping[str, bytes]) -> None:
        """Order from all at once, whichever version each gets."""
        keys = {node: self._keys[node] for node in payloads}
        actions = {
            node: Action(UPDATE, lambda _mtu, payload=payload: [payload], may_repeat=True)
            for node, payload in payloads.items()
        }
        try:
            found = self._commander.send(
                keys, actions, on_answer=self._answers.append, next_keys=self._next_keys
            )
            self._answers += [each for each in found if each.answer is None]
        except FilmgaugeError as error:
            self._failures.append(error)

    def poll(self) -> None:
        """Read what has come. Raises FilmgaugeError where ordering has failed."""
        if self._failures:
            raise self._failures.pop()
        self._publish_anew()
        for name, payload, _is_retained in self._login.drain():
            self._apply(name, payload)
        while self._answers:  # behind the events, of which some are older
            self._apply_answer(self._answers.pop(0))

    def _publish_anew(self) -> None:
        """Publish the pieces again where the broker was away: it may have lost them."""
        connections = self._login.connections
        if self._connections and connections != self._connections:
            with suppress(NoBrokerError):  # for another connection just now: the next poll tries
                self._publish(are_kept=True)
                self._connections = connections

    def is_over(self) -> bool:
        """Return whether every node has come to an end."""
        return all(each.is_over for each in self.progress.values())

    def may_be_fetched(self) -> bool:
        """Return whether a node fetches pieces, or may begin to: one that has not answered may
        find the order at the broker yet."""
        return any(not each.is_over or each.state == SILENT for each in self.progress.values())

    def withdraw(self) -> None:
        """Take the pieces from the broker: it keeps them otherwise."""
        self._connections = 0
        self._publish(are_kept=False)

    def _publish(self, are_kept: bool) -> None:
        """Have the broker keep the pieces, or no longer. Raises FilmgaugeError where its ACL drops
        them, which a node would wait for in vain."""
        with answering_login(self._address) as login:
            for version in self._versions():
                for number, piece in enumerate(version.pieces()):
                    name = f"{PREFIX}/{FIRMWARE}/{version.id}/{number}"
                    answer = login.publish(name, piece if are_kept else b"", retain=True)
                    if answer is Answer.DENIED:
                        raise FilmgaugeError(
                            f"the broker does not let this login write {PREFIX}/{FIRMWARE}/#: its"
                            " acl needs a line for it (docs/upgrade.md)"
                        )

    def _versions(self) -> list[Version]:
        return list({each.version.id: each.version for each in self.progress.values()}.values())

    def _apply(self, name: str, payload: bytes) -> None:
        _, node, leaf = name.split("/")
        values = object_of(payload)
        each = self.progress.get(node)
        if each is not None and values:
            (self._apply_info if leaf == INFO else self._apply_event)(each, values)

    def _apply_answer(self, outcome: Outcome) -> None:
        each = self.progress[outcome.node]
        if each.state not in (ASLEEP, ORDERED):
            return  # it has told more meanwhile
        answer = outcome.answer
        if answer is None:
            each.state = SILENT
        elif not outcome.is_done:
            each.state, each.text = REFUSING, answer.text
        else:
            each.state = ORDERED
            if found := _OF.search(answer.text):
                each.done, each.of = int(found[1]), int(found[2])

    def _apply_event(self, each: Progress, values: dict[str, Any]) -> None:
        ordered = values.get("update")
        if not isinstance(ordered, str) or not isinstance(values.get("state"), str):
            return
        if ordered != each.version.id:
            if each.state != ASLEEP and not each.is_over:  # it forgets this one for the other
                each.state, each.text = REPLACED, ""
            return
        each.state = printable(values["state"])
        each.text = printable(str(values.get("text", "")))
        done, of = values.get("done"), values.get("of")
        if isinstance(done, int) and isinstance(of, int):
            each.done, each.of = done, of

    def _apply_info(self, each: Progress, values: dict[str, Any]) -> None:
        """A node that runs the version since an earlier call has nothing to do. Of its settings
        nobody knows whether they are still those of the version."""
        runs = values.get("version")
        if not isinstance(runs, dict) or runs.get("outcome") != RUNS or each.state == RUNS:
            return
        if runs.get("number") == each.version.described.number:
            is_earlier = each.state == ASLEEP and each.version.has_settings
            each.state, each.text = RUNS, each.version.described.version
            if is_earlier:
                each.text += _EARLIER
