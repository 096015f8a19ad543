"""How many files this process may have open: each connection is one."""

import resource

from filmgauge_host.errors import InputError

_OTHERS = 64  # of the interpreter, and while a connection is opened


def allow_connections(count: int) -> None:
    """Let this process have so many connections. Raises InputError where the system does not."""
    needed = count + _OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise InputError(
            f"--nodes must be at most {max(0, hard - _OTHERS)} here, not {count}: a process may"
            f" have {hard} files open (ulimit -Hn)"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
