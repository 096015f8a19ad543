"""The interpreter on a board: what it says it is, and whether the firmware can run on it."""

from dataclasses import dataclass

from filmgauge_host.serial.board_link import NEEDED_VERSION, BoardLink, LinkError
from filmgauge_sim.board.board_kind import BoardKind


@dataclass(frozen=True, slots=True)
class Identity:
    """What the interpreter says of itself. mpy: bytecode version and, above it, sub-version."""

    platform: str
    machine: str
    version: tuple[int, int, int]
    mpy: int

    @property
    def bytecode(self) -> tuple[int, int]:
        """Version and sub-version of the bytecode that it loads."""
        return self.mpy & 0xFF, self.mpy >> 8 & 3

    @property
    def release(self) -> str:
        """Its version as text."""
        return ".".join(map(str, self.version))


def read_identity(link: BoardLink) -> Identity:
    """Ask the interpreter what it is. Raises LinkError."""
    (found,) = link.values(
        "import sys\n"
        "_is = sys.implementation\n"
        "print(repr((sys.platform, getattr(_is, '_machine', ''), tuple(_is[1][:3]),"
        " getattr(_is, '_mpy', 0))))"
    )
    return Identity(*found)


def check_board(identity: Identity, board: BoardKind) -> None:
    """Raise LinkError unless the interpreter runs on such a board."""
    said = identity.machine.replace("-", "").upper()
    if board.chip not in said:
        raise LinkError(
            f"the board is to be {board.name}, but the interpreter on it was made for: "
            f"{identity.machine or 'no board that it names'}"
        )


def check_interpreter(identity: Identity, bytecode: tuple[int, int] | None) -> None:
    """Raise LinkError unless the interpreter can run the firmware.

    bytecode: version and sub-version of what mpy-cross makes, None for source files.
    """
    wanted = ".".join(map(str, NEEDED_VERSION))
    if bytecode is None:
        if identity.version[:2] < NEEDED_VERSION:
            raise LinkError(
                f"the board runs MicroPython {identity.release}, and the firmware needs {wanted}: "
                "put that on it first"
            )
    elif identity.bytecode != bytecode:
        loads = "none" if not identity.mpy else "{}.{}".format(*identity.bytecode)
        raise LinkError(
            f"the board runs MicroPython {identity.release}, which loads bytecode {loads}, and "
            "mpy-cross here makes {}.{}: ".format(*bytecode)
            + f"put MicroPython {wanted} on the board first"
        )
