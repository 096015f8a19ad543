"""Checks of what came with the board: interpreter, heap, file system."""

from filmgauge_host.first_light.check import Bench, Check
from filmgauge_host.serial.board_files import BoardFiles
from filmgauge_host.serial.board_script import merged, run_script
from filmgauge_host.serial.finding import Finding
from filmgauge_host.serial.interpreter import read_identity
from filmgauge_sim.board.bytecode import bytecode_version
from filmgauge_sim.board.flash import PAGE

_TABLES = 3 / 128  # of a heap: three bits a block of 16 bytes belong to the collector


class InterpreterCheck(Check):
    """Whether it is the board that was meant, and loads what mpy-cross makes here."""

    name = "interpreter"

    def run(self, bench: Bench) -> Finding:
        found = read_identity(bench.link)
        kind, wanted = bench.expected.kind, bytecode_version()
        loads = "no bytecode" if not found.mpy else "bytecode {}.{}".format(*found.bytecode)
        is_board = kind.recognises(found.machine)
        return self._judged(
            is_board and found.bytecode == wanted,
            f"{found.machine or 'no name'}, MicroPython {found.release}, {loads}",
            f"{kind.name} with bytecode {wanted[0]}.{wanted[1]}",
            "put the image of docs/flashing.md on the board, in the version named there"
            if is_board
            else "another board than was named: give the right --board or --node",
            machine=found.machine,
            micropython=found.release,
            mpy=found.mpy,
        )


class HeapCheck(Check):
    """Whether the interpreter has the memory that the firmware needs."""

    name = "heap"

    def run(self, bench: Bench) -> Finding:
        found = merged(run_script(bench.link, "memory"))
        # On a virtual board everything takes words of eight bytes, and the heap is as much larger.
        true_bytes = found["heap"] * 4 // found["word"]
        needed = round(bench.expected.kind.heap_kb * 1024 * (1 - _TABLES))
        return self._judged(
            true_bytes >= needed,
            f"{true_bytes} bytes",
            f"at least {needed}",
            "the firmware will run out of memory: use an image without further modules of its"
            " own, or another board, and send the report",
            bytes=true_bytes,
        )


class FlashCheck(Check):
    """Whether the file system is what a power cut and two versions of the firmware need."""

    name = "flash"

    def run(self, bench: Bench) -> Finding:
        found = BoardFiles(bench.link).file_system()
        kind = bench.expected.kind
        size = kind.file_system_pages * PAGE
        name = "littlefs" if found.is_littlefs else "no littlefs"
        if not found.is_littlefs or kind.flash.page_in_ram:
            advice = (
                "state and records would not outlive a power cut: format it as docs/flashing.md"
                " says, or let filmgauge flash do it"
            )
        else:
            advice = (
                "larger does no harm, with less two versions may not fit; room and wear were"
                " reckoned with the other figures: send the report"
            )
        return self._judged(
            found.is_littlefs and (found.block, found.size) == (kind.flash.block, size),
            f"{name}, {found.size // found.block} blocks of {found.block}, {found.size} bytes",
            f"littlefs, {size // kind.flash.block} blocks of {kind.flash.block}, {size} bytes",
            advice,
            block=found.block,
            size=found.size,
            free=found.free,
        )
