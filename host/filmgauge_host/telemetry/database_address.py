"""Where the database is, without what must not be shown: no sentence repeats a part of `--db` that
may be of a password.

Imports psycopg, which only an extra brings: import it where a database is opened.
"""

import psycopg
from psycopg.conninfo import conninfo_to_dict

from filmgauge_host.errors import InputError
from filmgauge_sim.nodes.network_names import check_host_name

_FORM = "postgresql://user@host/name"
_HINT = "with a password percent-encoded: %40 for @"


def database_title(url: str) -> str:
    """Return the name of a database for people; raise InputError for what is none's address."""
    try:
        known = conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # says what it does not understand, a password too
        raise InputError(
            f"--db is no address of a database: it must look like {_FORM}, {_HINT}"
        ) from None
    name, user, host = (str(known.get(key) or "") for key in ("dbname", "user", "host"))
    port = str(known.get("port") or "0")
    if "@" in host or _is_cut(url, name) or not port.replace(",", "0").isdecimal():
        raise InputError(f"--db has a sign too many: it must look like {_FORM}, {_HINT}")
    for each in host.split(","):
        try:
            check_host_name("" if each.startswith("/") else each)
        except ValueError as error:
            raise InputError(f"the host of --db {error}") from None
    return f"database {name or '?'} of {user or '?'} at {host or '?'}"


def _is_cut(url: str, name: str) -> bool:
    """Return whether what is read as the name of a database begins within a password that has
    a /."""
    return "://" in url and "@" in name and name in url
