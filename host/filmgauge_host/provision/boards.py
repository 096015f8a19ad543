"""The kinds of boards that can be flashed, and how each is recognised."""

from dataclasses import dataclass

from filmgauge_host.serial.board_link import Identity, LinkError

_VERSION = (1, 29)  # what the firmware is checked against


@dataclass(frozen=True, slots=True)
class BoardType:
    """A kind of board. chip: how `sys.implementation._machine` names it, without hyphens."""

    name: str
    chip: str
    has_wifi: bool


BOARDS = {
    each.name: each
    for each in (
        BoardType("esp32-c3", "ESP32C3", True),
        BoardType("esp32-c6", "ESP32C6", True),
        BoardType("esp32-s3", "ESP32S3", True),
        BoardType("pico-w", "PICO W WITH RP2040", True),
        BoardType("stm32wb55", "STM32WB55", False),
    )
}


def check_board(identity: Identity, board: BoardType) -> None:
    """Raise LinkError unless the interpreter runs on such a board."""
    said = identity.machine.replace("-", "").upper()
    if board.chip not in said:
        raise LinkError(
            f"--board is {board.name}, but the interpreter on it was made for: "
            f"{identity.machine or 'no board that it names'}"
        )


def check_interpreter(identity: Identity, bytecode: tuple[int, int] | None) -> None:
    """Raise LinkError unless the interpreter can run the firmware.

    bytecode: version and sub-version of what mpy-cross makes, None for source files.
    """
    running = ".".join(map(str, identity.version))
    wanted = ".".join(map(str, _VERSION))
    if bytecode is None:
        if identity.version[:2] < _VERSION:
            raise LinkError(
                f"the board runs MicroPython {running}, and the firmware needs {wanted}: "
                "put that on it first"
            )
    elif identity.bytecode != bytecode:
        loads = "none" if not identity.mpy else "{}.{}".format(*identity.bytecode)
        raise LinkError(
            f"the board runs MicroPython {running}, which loads bytecode {loads}, and mpy-cross "
            "here makes {}.{}: ".format(*bytecode)
            + f"put MicroPython {wanted} on the board first"
        )
