"""Imports a test file into this process, with the gauge in double or in single precision."""

import sys
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType

from filmgauge_sim.board.single_precision import importable, load_single_precision

HERE = Path(__file__).parent


def import_test(path: Path, single_precision: bool) -> ModuleType:
    """Return the test file as a module of its own, with its own copies of the files beside it."""
    modules = _single_precision_gauge() if single_precision else {}
    beside = [file.stem for file in HERE.glob("*.py") if file.stem != "conftest"]
    before = {name: sys.modules.pop(name) for name in beside if name in sys.modules}
    sys.path.insert(0, str(HERE))
    try:
        with importable(modules):
            package = f"firmware_{'float32' if single_precision else 'double'}"
            return _load(f"{package}.{path.stem}", path.parent)
    finally:
        sys.path.remove(str(HERE))
        for name in beside:
            sys.modules.pop(name, None)
        sys.modules.update(before)


@cache
def _single_precision_gauge() -> dict[str, ModuleType]:
    return load_single_precision("filmgauge.gauge")


def _load(name: str, folder: Path) -> ModuleType:
    spec = _spec(name, folder)
    module = module_from_spec(spec)
    assert spec.loader is not None
    spec.loader.exec_module(module)
    return module


def _spec(name: str, folder: Path) -> ModuleSpec:
    """Ask the finders as `import` would: the first is pytest's, which explains failed asserts."""
    for finder in sys.meta_path:
        spec = finder.find_spec(name, [str(folder)], None)
        if spec is not None:
            return spec
    raise ImportError(f"{name} is not in {folder}")
