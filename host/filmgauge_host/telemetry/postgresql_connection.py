"""A connection to PostgreSQL on which no question waits for ever, and which of its errors do not
pass by themselves.

The server ends what waits for a lock or takes too long. What the server does not answer at all,
because it is frozen or the way to it is dead, ends here, and the connection with it.

Imports psycopg, which only an extra brings: import it where a database is opened.
"""

import re
import select
import threading
import time
from collections.abc import Generator
from typing import Any

import psycopg
from psycopg.waiting import Ready, Wait

ANSWER_S = 20.0  # in which a server must have answered something
_CONNECT_S = 5
_LOCK_S = 5.0
_STATEMENT_S = 15.0
_POLL_MS = 100
_EVENTS = {Wait.R: select.POLLIN, Wait.W: select.POLLOUT}
# Classes of SQLSTATE that no waiting helps against: login, database, schema, right or table.
_LASTING = "28", "3D", "3F", "42"
# An error of connecting has no SQLSTATE, only what the server or libpq says.
_REFUSED_LOGIN = re.compile(
    r"does not exist|authentication failed|no pg_hba\.conf entry|not permitted to log in"
    r"|permission denied for database|no password supplied"
)


class NoAnswerError(psycopg.OperationalError):
    """The server has not answered in time, or whoever asked is closing."""


class _Connection(psycopg.Connection[Any]):
    """Ends itself where an answer does not come, or `closing` is set meanwhile."""

    closing: threading.Event | None = None

    def wait(self, gen: Generator[Any, Any, Any], *_args: Any, **_options: Any) -> Any:
        """Do what psycopg waits for. Raises NoAnswerError, having closed the connection."""
        try:
            return _waited(gen, self.pgconn.socket, self.closing)
        except (NoAnswerError, KeyboardInterrupt):
            self.close()
            raise


def connect(url: str, closing: threading.Event) -> "psycopg.Connection[Any]":
    """Return a connection that commits by itself and gives up once `closing` is set. Raises
    psycopg.Error."""
    connection = _Connection.connect(
        url,
        autocommit=True,
        connect_timeout=_CONNECT_S,
        application_name="filmgauge",
        client_encoding="utf8",  # also where the database has none
    )
    connection.closing = closing
    try:
        for name, bound_s in (("lock_timeout", _LOCK_S), ("statement_timeout", _STATEMENT_S)):
            connection.execute("SELECT set_config(%s, %s, false)", (name, f"{bound_s:g}s"))
    except BaseException:
        connection.close()
        raise
    return connection


def is_lasting(error: psycopg.Error) -> bool:
    """Return whether an error of opening stays until somebody changes address or rights: a
    server that is not up yet will be."""
    if error.sqlstate is not None:
        return error.sqlstate.startswith(_LASTING)
    return _REFUSED_LOGIN.search(str(error)) is not None


def _waited(steps: Generator[Any, Any, Any], socket: int, closing: threading.Event | None) -> Any:
    """Return what the steps of a question come to, each of which yields whether to wait until the
    socket can be read or written, and is sent which of both it can."""
    poll = select.poll()
    answered_s = time.monotonic()
    try:
        wanted = next(steps)
        while True:
            poll.register(socket, sum(_EVENTS[each] for each in _EVENTS if each & wanted))
            found = poll.poll(_POLL_MS)
            now_s = time.monotonic()
            if found:
                answered_s = now_s
                events = found[0][1]
                failed = events & ~(select.POLLIN | select.POLLOUT)  # which reading tells more of
                ready = [each for each in _EVENTS if failed or events & _EVENTS[each]]
                wanted = steps.send(Ready(sum(ready) & wanted))
            elif closing is not None and closing.is_set():
                raise NoAnswerError("the connection is being closed")
            elif now_s - answered_s > ANSWER_S:
                raise NoAnswerError(f"the server has not answered for {ANSWER_S:g} s")
    except StopIteration as end:
        return end.value
