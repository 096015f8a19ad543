"""Runtime `cpython`: the same firmware files in this process, for months and years.

The firmware gets modules, built-ins and a file system of its own, so that several nodes can run
beside each other and beside the host. Modules stay loaded from boot to boot: the firmware keeps
no state in them, which the comparison with the real interpreter shows.
"""

import builtins
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any

from filmgauge_sim.board.board import VirtualBoard
from filmgauge_sim.board.board_kind import Port
from filmgauge_sim.board.compiled_source import compiled
from filmgauge_sim.board.firmware_image import SHIMS, firmware_sources
from filmgauge_sim.board.inprocess_modules import built_in_modules
from filmgauge_sim.board.littlefs_on_board import NoFileSystem
from filmgauge_sim.board.outcome import INTERRUPTED, BoardStopped, LightSleep, Outcome
from filmgauge_sim.board.remembered_files import RememberedFiles
from filmgauge_sim.board.shims import _protocol
from filmgauge_sim.board.thread_handoff import ThreadHandoff

_code: dict[str, tuple[CodeType, int]] = {}
# What each boot makes of a file's bytes, and of nothing else: module -> class, and how it reads.
_READERS = {
    "filmgauge.config": ("Config", "from_json"),
    "filmgauge.gauge.profile": ("Profile", "from_bytes"),
}


class _Link:
    """`_link` of the shims without a process in between.

    `interrupt` hands an outcome out and comes back when the run goes on.
    """

    def __init__(self) -> None:
        self.board: VirtualBoard | None = None
        self.interrupt: Callable[[Outcome], None] = lambda outcome: None
        self.elapsed_us = 0

    def attach(self, board: VirtualBoard) -> None:
        self.board = board
        self.elapsed_us = 0

    def call(self, operation: int, small: int = 0, argument: int = 0, data: Any = b"") -> bytes:
        board = self.board
        if board is None:
            raise BoardStopped(Outcome(cause=None, reason="the board has stopped"))
        elapsed, self.elapsed_us = self.elapsed_us, 0
        try:
            status, answer = board.request(operation, small, argument & 0xFFFFFFFF, data, elapsed)
        except LightSleep as asleep:
            self.interrupt(asleep.outcome)
            return board.resume_answer()
        load = board.load
        if load.now_us >= load.interrupt_us:
            self.interrupt(INTERRUPTED)
        if status:
            raise OSError(status, "")
        return answer

    def call_into(self, operation: int, small: int, argument: int, buffer: Any) -> None:
        answer = self.call(operation, small, argument)
        if len(answer) != len(buffer):
            raise OSError(5, "")
        buffer[:] = answer

    def now_us(self) -> int:
        board = self.board
        if board is None:
            return self.elapsed_us
        return board.clock.reading_us(board.load.now_us) + self.elapsed_us

    def elapse(self, us: int) -> None:
        self.elapsed_us += us
        if self.elapsed_us > _protocol.LONGEST_UNTOLD_US:
            self.call(_protocol.SLEEP_US)


class InProcessRuntime:
    """Runs in this process; prints go to the file `console`.

    sources: path on the board -> source text, the firmware unless given. A loop that neither
    looks at the clock nor makes a request cannot be stopped here.
    """

    def __init__(self, console: Path, sources: Mapping[str, str] | None = None) -> None:
        self._console = console.open("ab", buffering=0)
        self._link = _Link()
        self._files: RememberedFiles | None = None
        self._modules: dict[str, ModuleType] = {}
        self._firmware = firmware_sources() if sources is None else sources
        self._sources: dict[str, tuple[str, str]] = {}
        self._turns: ThreadHandoff | None = None  # of a run that may be interrupted

    def run(self, board: VirtualBoard) -> Outcome:
        """See MicroPythonRuntime."""
        if not board.kind.keeps_ram:
            return self._live(board)
        if self._turns is None:
            self._turns = ThreadHandoff(lambda: self._live(board))
            self._link.interrupt = self._turns.interrupt
        try:
            outcome = self._turns.go_on()
        except BaseException:
            self.stop()  # where it was not the work that failed, that goes on
            raise
        if not outcome.resumes:
            self._turns = None
        return outcome

    def stop(self) -> None:
        """See MicroPythonRuntime."""
        if self._turns is not None:
            self._turns.stop()
            self._turns = None

    def _live(self, board: VirtualBoard) -> Outcome:
        """Run from boot until the board stops the firmware."""
        board.console = self._print_bytes
        self._link.attach(board)
        try:
            if self._files is None:
                self._files = RememberedFiles(board.flash, self._link)
                self._modules = self._new_modules(self._files, board.kind.port)
            self._reload("_board")
            self._files.mount()
            self._reload("_interrupts")
            self._reload("time")
            if "bluetooth" in self._modules:  # its one BLE is new at every boot
                self._reload("bluetooth")
            self._modules.pop("main", None)
            self._import("main")
        except BoardStopped as stopped:
            return stopped.outcome
        except NoFileSystem as error:
            self._print(error)
        except BaseException as error:
            self._print_bytes("".join(traceback.format_exception(error)).encode())
            if not isinstance(error, Exception | SystemExit):
                raise
        finally:
            self._link.board = None
            if self._files is not None:
                self._files.abandon()
        return Outcome(cause=None, reason="the firmware ended and fell to the prompt")

    def close(self) -> None:
        """End an interrupted run and close the console."""
        self.stop()
        self._console.close()

    def _new_modules(self, files: RememberedFiles, port: Port) -> dict[str, ModuleType]:
        self._sources = _board_sources(self._firmware, port)
        modules = built_in_modules(files, self._print_bytes, port)
        modules["_link"] = _as_module("_link", self._link)
        self._builtins = {
            **vars(builtins),
            "__import__": self._importer,
            "print": self._print,
            "open": files.open,
        }
        return modules

    def _reload(self, name: str) -> None:
        """Let a built-in module that reads the board at boot read it, perhaps again."""
        if name in self._modules:
            self._execute(name, self._modules[name])
        else:
            self._import(name)

    def _importer(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: tuple[str, ...] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Stand in for __import__ with absolute names, which is all that the board uses."""
        modules = self._modules
        module = modules[name] if name in modules else self._import(name)
        if not fromlist:
            return modules[name.partition(".")[0]]
        present = module.__dict__
        for member in fromlist:
            if member not in present and f"{name}.{member}" in self._sources:
                self._import(f"{name}.{member}")
        return module

    def _import(self, name: str) -> ModuleType:
        module = self._modules.get(name)
        if module is not None:
            return module
        if name not in self._sources:
            raise ImportError(f"no module named '{name}'")
        parent, _, leaf = name.rpartition(".")
        if parent:
            self._import(parent)
        module = self._modules[name] = ModuleType(name)
        try:
            self._execute(name, module)
        except BaseException:
            del self._modules[name]
            raise
        if name in _READERS:
            _read_once(module, *_READERS[name])
        elif name == "filmgauge.compat" and "Namespace" in vars(module):
            vars(module)["Namespace"] = SimpleNamespace  # of which it is a copy, name by name
        if parent:
            setattr(self._modules[parent], leaf, module)
        return module

    def _execute(self, name: str, module: ModuleType) -> None:
        path, text = self._sources[name]
        if path not in _code or _code[path][1] != hash(text):
            _code[path] = (compiled(path, text), hash(text))
        module.__dict__["__builtins__"] = self._builtins
        exec(_code[path][0], module.__dict__)

    def _print(self, *values: object, sep: str = " ", end: str = "\n") -> None:
        self._print_bytes((sep.join(map(str, values)) + end).encode())

    def _print_bytes(self, text: bytes) -> None:
        self._console.write(text)


def _read_once(module: ModuleType, name: str, reader: str) -> None:
    """Let boots that find the same bytes have a copy of what the first has made of them: checking
    every key takes a tenth of a wake, and no time on the board's clock."""
    kind = vars(module).get(name)
    if kind is None:  # of sources that are another firmware
        return
    read = getattr(kind, reader)
    known: dict[bytes, Any] = {}

    def remembered(data: bytes) -> Any:
        made = known.get(data)
        if made is None:
            made = read(data)
            known.clear()
            known[data] = made
        copy = kind.__new__(kind)
        vars(copy).update(vars(made))
        return copy

    setattr(kind, reader, staticmethod(remembered))


def _board_sources(firmware: Mapping[str, str], port: Port) -> dict[str, tuple[str, str]]:
    """Return module name -> (path for tracebacks, source) of a port's shims and of firmware."""
    shims = [*SHIMS.glob("*.py"), *SHIMS.glob(f"port_{port}/*.py")]
    if port in _protocol.WIFI_PORTS:
        shims += SHIMS.glob("wifi/*.py")
    sources = {
        path.stem: (f"shims/{path.relative_to(SHIMS).as_posix()}", path.read_text())
        for path in shims
        if path.stem not in ("_link", "_flash", "_boot", "_start", "_tls_engine")
    }
    if "_tls" in sources:  # which a real interpreter finds by network.py
        sources["tls"] = sources["_tls"]
    for path, text in firmware.items():
        name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        sources[name] = (path, text)
        for folder in PurePosixPath(path).parents[:-1]:  # a package, with or without __init__
            sources.setdefault(folder.as_posix().replace("/", "."), (folder.as_posix(), ""))
    return sources


def _as_module(name: str, link: _Link) -> ModuleType:
    module = ModuleType(name)
    for member in ("call", "call_into", "now_us", "elapse"):
        setattr(module, member, getattr(link, member))
    vars(module)["running_us"] = link.now_us
    return module
