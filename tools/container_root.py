"""Carries out a Containerfile without a container engine, in a Debian that debootstrap makes.

python tools/container_root.py docs/Containerfile ROOT [ARGUMENT ...]     as root, takes minutes

ROOT is made unless it is there; then RUN and COPY are done in it, and at last its ENTRYPOINT with
the arguments. Knows FROM debian:SUITE-slim, RUN, COPY, ENV, USER, VOLUME, ENTRYPOINT and CMD.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

_MIRROR = re.compile(r"^(?:URIs: |deb )(\S+)", re.MULTILINE)
# What the machine itself needs to reach its package registries.
_PASSED = re.compile("PIP_.*|.*_proxy|SSL_CERT_FILE", re.IGNORECASE)
_SHARED = ("/etc/resolv.conf", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")


class ContainerRoot:
    """A root filesystem in which the steps of a Containerfile are done."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
        self._environment |= {k: v for k, v in os.environ.items() if _PASSED.fullmatch(k)}
        self._user = "root"
        self._entrypoint: list[str] = []
        self._command: list[str] = []

    def step(self, word: str, rest: str) -> None:
        """Do one line; SystemExit when it fails or is not known."""
        print(f"{word} {rest}", flush=True)
        step = getattr(self, f"do_{word.lower()}", None)
        if step is None:
            raise SystemExit(f"{word} is not known here")
        step(rest)

    def start(self, arguments: list[str]) -> None:
        """Run the entry point as its user."""
        self._in_root([*self._entrypoint, *(arguments or self._command)], self._user)

    def do_from(self, rest: str) -> None:
        if self._root.exists():
            return
        suite = rest.rpartition(":")[2].removesuffix("-slim")
        sources = ["/etc/apt/sources.list", *glob.glob("/etc/apt/sources.list.d/*")]
        texts = "\n".join(Path(each).read_text() for each in sources if Path(each).exists())
        found = [each for each in _MIRROR.findall(texts) if each.rstrip("/").endswith("/debian")]
        options = ["--variant=minbase", "--include=ca-certificates"]
        subprocess.run(["debootstrap", *options, suite, self._root, *found[:1]], check=True)

    def do_run(self, rest: str) -> None:
        for path in _SHARED:
            target = self._root / path.lstrip("/")
            if Path(path).exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
        self._in_root(["/bin/sh", "-ec", rest])

    def do_copy(self, rest: str) -> None:
        *sources, target = rest.split()
        where = self._root / target.lstrip("/")
        for source in map(Path, sources):
            if source.is_dir():
                hidden = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, where, ignore=hidden, dirs_exist_ok=True)
                continue
            to = where / source.name if target.endswith("/") else where
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, to)

    def do_env(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        self._environment[name] = value

    def do_user(self, rest: str) -> None:
        self._user = rest

    def do_volume(self, rest: str) -> None:
        """Do nothing: it is a folder of the root."""

    def do_entrypoint(self, rest: str) -> None:
        self._entrypoint = json.loads(rest)

    def do_cmd(self, rest: str) -> None:
        self._command = json.loads(rest)

    def _in_root(self, words: list[str], user: str = "root") -> None:
        command = ["chroot", f"--userspec={user}", str(self._root), *words]
        done = subprocess.run(command, env=self._environment, check=False)
        if done.returncode:
            raise SystemExit(done.returncode)


def main() -> None:
    containerfile, root, *arguments = sys.argv[1:]
    made = ContainerRoot(Path(root).resolve())
    for line in Path(containerfile).read_text().splitlines():
        if line and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            made.step(word, rest)
    made.start(arguments)


if __name__ == "__main__":
    main()
