"""Which of the writers of its host a store in PostgreSQL is: the sessions at brokers are named
after it, so that no two may have the same.

A number is held by a lock of the connection. Where that was lost, the server may hold the lock
for it for a while longer.
"""

import socket
from typing import Any

from filmgauge_host.errors import FilmgaugeError

_WRITERS_MAX = 1000
_TRY = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
_HOLDERS = (
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND classid::bigint = %s AND objid::bigint = hashtext(%s)::bigint & 4294967295"
)


class NumberTakenError(FilmgaugeError):
    """Another process has the number of this one, or there are too many. Who is started again
    gets another one."""


class WriterNumber:
    """The number of one writer, the lowest that is free when it begins. lock_class: the first half
    of the locks' keys."""

    def __init__(self, lock_class: int) -> None:
        self._lock_class = lock_class
        self._number: int | None = None
        self._is_held = False
        self._process = 0  # of the server, which had the lock for us last

    @property
    def name(self) -> str:
        """Return what no other writer of the database has."""
        return _name(self._number)

    def connect(self, connection: Any) -> None:
        """Hold the number by a new connection as far as the server lets it go. Raises
        NumberTakenError where all are taken."""
        self._is_held = False
        if self._number is not None:
            self._hold(connection, self._number)
        elif not any(self._hold(connection, number) for number in range(_WRITERS_MAX)):
            raise NumberTakenError(
                f"the database has {_WRITERS_MAX} writers on this host: end some"
            )

    def check(self, connection: Any) -> None:
        """Hold the number where the server had not let it go before; raise NumberTakenError where
        another process has it meanwhile."""
        if self._is_held or self._number is None or self._hold(connection, self._number):
            return
        key = (self._lock_class, self.name)
        if any(process != self._process for (process,) in connection.execute(_HOLDERS, key)):
            raise NumberTakenError(
                f"another filmgauge on this host has become writer {self._number} of the database,"
                " which was this one: start this one again"
            )

    def _hold(self, connection: Any, number: int) -> bool:
        key = (self._lock_class, _name(number))
        (self._is_held,) = connection.execute(_TRY, key).fetchone()
        if self._is_held:
            self._number, self._process = number, connection.info.backend_pid
        return self._is_held


def _name(number: int | None) -> str:
    return f"{socket.gethostname()}:{number}"
