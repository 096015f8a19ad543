"""Install the mosquitto broker unless it is here: the system tests talk to the real one."""

import os
import shutil

from debian_package import install


def main() -> None:
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    if shutil.which("mosquitto", path=path) is None:
        install("mosquitto")
        if shutil.which("mosquitto", path=path) is None:
            raise SystemExit("mosquitto could not be installed: install it and retry")


if __name__ == "__main__":
    main()
