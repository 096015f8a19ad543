"""A main.py on a board that is somebody else's: flashing puts the firmware's in its place."""

from filmgauge_host.serial.board_files import BoardFiles
from filmgauge_host.serial.flash_plan import Contents

MAIN = "/main.py"
FACTORY_MAIN = b"# main.py -- put your code here!"  # factoryreset.c of the stm32 port
_STARTS_LAUNCHER = [b"import", b"launch"]
_ENOUGH_BYTES = 1024  # ours is shorter


def foreign_main(files: BoardFiles, contents: Contents) -> bool:
    """Return whether there is a main.py that neither starts the firmware nor came with the port.

    Raises LinkError.
    """
    if not contents.sizes.get(MAIN):
        return False
    text = files.read(MAIN, 0, _ENOUGH_BYTES).strip()
    lines = [line.split() for line in text.splitlines()]
    return text != FACTORY_MAIN and _STARTS_LAUNCHER not in lines
