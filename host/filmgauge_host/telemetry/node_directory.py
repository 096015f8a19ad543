"""Every node that is known: those of which something came since the start, and those of the store.

A monitor that has just begun has received nothing, and from nodes that went quiet it never will:
they are what its users look for.
"""

import threading
import time
from contextlib import suppress

from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.nodes import NodeSnapshot, stored_snapshot
from filmgauge_host.telemetry.sqlite_file import StorageError
from filmgauge_host.telemetry.store_reader import StoreReader

_READ_AGAIN_S = 2.0
_READ_SHARE = 50  # reading takes one part of so many of the time


class NodeDirectory:
    """Snapshots of all nodes by name; may be asked from any thread. All but `readable_nodes`
    raises StorageError."""

    def __init__(self, ingest: Ingest, store: StoreReader) -> None:
        self._ingest = ingest
        self._store = store
        self._mutex = threading.Lock()
        self._stored: dict[str, NodeSnapshot] = {}
        self._read_again_s = float("-inf")

    def nodes(self) -> dict[str, NodeSnapshot]:
        """Return all nodes: what is received goes before what is only stored."""
        received = self._ingest.nodes()
        with self._mutex:
            self._read_store(received)
            return {**self._stored, **received} if self._stored else received

    def node(self, name: str) -> NodeSnapshot | None:
        """Return one node, None when nobody has received anything of it."""
        return self.nodes().get(name)

    def readable_nodes(self) -> dict[str, NodeSnapshot]:
        """Return all nodes as far as the store answers; one that fails is not waited for."""
        if not self._ingest.unstored:
            with suppress(StorageError):
                return self.nodes()
        return {**self._stored, **self._ingest.nodes()}

    def _read_store(self, received: dict[str, NodeSnapshot]) -> None:
        """Read those that only the store has, now and then: others may write into it too."""
        now_s = time.monotonic()
        if now_s < self._read_again_s:
            return
        stored: dict[str, NodeSnapshot] = {}
        for name in self._store.nodes():
            if name in received:
                continue
            before = self._stored.get(name)
            latest = self._store.latest(name)
            if before is not None and latest == before.latest:
                stored[name] = before
                continue
            stored[name] = stored_snapshot(name, self._store)
        self._stored = stored
        took_s = time.monotonic() - now_s
        self._read_again_s = now_s + max(_READ_AGAIN_S, _READ_SHARE * took_s)
