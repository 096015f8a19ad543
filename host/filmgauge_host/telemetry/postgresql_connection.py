"""A connection to PostgreSQL, and which of its errors do not pass by themselves.

Imports psycopg, which only an extra brings: import it where a database is opened.
"""

import re
from typing import Any

import psycopg

_CONNECT_S = 5
# Classes of SQLSTATE that no waiting helps against: login, database, schema, right or table.
_LASTING = "28", "3D", "3F", "42"
# An error of connecting has no SQLSTATE, only what the server or libpq says.
_REFUSED_LOGIN = re.compile(
    r"does not exist|authentication failed|no pg_hba\.conf entry|not permitted to log in"
    r"|permission denied for database|no password supplied"
)


def connect(url: str) -> "psycopg.Connection[Any]":
    """Return a connection that commits by itself. Raises psycopg.Error."""
    return psycopg.connect(
        url,
        autocommit=True,
        connect_timeout=_CONNECT_S,
        application_name="filmgauge",
        client_encoding="utf8",  # also where the database has none
    )


def is_lasting(error: psycopg.Error) -> bool:
    """Return whether an error of opening stays until somebody changes address or rights: a
    server that is not up yet will be."""
    if error.sqlstate is not None:
        return error.sqlstate.startswith(_LASTING)
    return _REFUSED_LOGIN.search(str(error)) is not None
