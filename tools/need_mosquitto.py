"""See to it that the mosquitto broker is here: the system tests talk to the real one."""

import os
import shutil
import subprocess
import sys


def find() -> str | None:
    return shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def main() -> None:
    if find():
        return
    if shutil.which("apt-get") is None:
        raise SystemExit("mosquitto is missing and there is no apt-get: install it and retry")
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    print("installing mosquitto for the system tests", file=sys.stderr, flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends"]):
        extra = ["mosquitto"] if arguments[0] == "install" else []
        subprocess.run([*prefix, "apt-get", *arguments, *extra], env=env, stdout=sys.stderr)
    if not find():
        raise SystemExit("mosquitto could not be installed: install it and retry")


if __name__ == "__main__":
    main()
