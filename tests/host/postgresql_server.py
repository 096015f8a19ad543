"""A PostgreSQL of the tests' own: Debian's, in a folder that vanishes, over a Unix socket."""

import os
import pwd
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg
from patience import until

_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
_QUICK = ("fsync=off", "synchronous_commit=on", "full_page_writes=off", "listen_addresses=")
_LOGIN = "postgres"


class PostgresqlServer:
    """One server; every `url` is a store of its own in it. It refuses root: somebody else runs
    it."""

    def __init__(self) -> None:
        assert _PROGRAMS, "PostgreSQL is missing: apt-get install postgresql"
        self.folder = Path(tempfile.mkdtemp(prefix="filmgauge-pg-", dir="/tmp"))
        self._account = {}
        if os.geteuid() == 0:
            somebody = pwd.getpwnam("nobody")
            os.chown(self.folder, somebody.pw_uid, somebody.pw_gid)
            self._account = {"user": somebody.pw_uid, "group": somebody.pw_gid, "extra_groups": []}
        self._numbers = count()
        self._process: subprocess.Popen[bytes] | None = None
        self._run("initdb", "-D", "data", "-U", _LOGIN, "--auth=trust", "--no-sync", "--locale=C")

    def _command(self, program: str, *arguments: str) -> list[str]:
        return [str(_PROGRAMS[-1] / program), *arguments]

    def _run(self, program: str, *arguments: str) -> None:
        command = self._command(program, *arguments)
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True, **self._account)

    def start(self) -> None:
        """Start it; return when it answers."""
        options = [word for each in _QUICK for word in ("-c", each)]
        command = self._command("postgres", "-D", "data", "-k", str(self.folder), *options)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, stdout=log, stderr=log, **self._account
            )
        until(self._answers)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()
        try:
            psycopg.connect(self._base()).close()
        except psycopg.OperationalError:
            return False
        return True

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it as a power cut does, and the processes of its connections with it."""
        assert self._process is not None
        self._process.send_signal(3)  # SIGQUIT: immediate shutdown, recovery at the next start
        self._process.wait()

    def close(self) -> None:
        """End it and remove its files."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.folder)

    def _base(self, login: str = _LOGIN) -> str:
        return f"postgresql://{login}@/postgres?host={quote(str(self.folder), safe='')}"

    def new_url(self, login: str = _LOGIN) -> str:
        """Return the address of a new, empty store."""
        schema = f"store_{os.getpid()}_{next(self._numbers)}"
        self.execute(f"CREATE SCHEMA {schema}")
        return f"{self._base(login)}&options=-csearch_path%3D{schema}"

    def execute(self, sql: str) -> None:
        """Run a statement as the owner of the server."""
        with psycopg.connect(self._base(), autocommit=True) as connection:
            connection.execute(sql)
