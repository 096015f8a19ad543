"""Makes Python count in single precision, as the boards do: a source transform and its runtime.

    text = single_precision(source)                 # Python again, for CPython
    text = single_precision(source, "_single")      # the same for a virtual board
    modules = load_single_precision("filmgauge.gauge")
    with importable(modules):
        from filmgauge.gauge.diffusion import DiffusionModel  # counts in float32

CPython and the unix port of MicroPython compute floats in double precision, the boards in single.
Every float constant, arithmetic operation, result of `math`, `float`, `sum` and `round` is
rounded to single precision here. For + - * / that is exactly what a single-precision machine
gives, because a double has more than twice the digits (Figueroa, When is double rounding
innocuous?, 1995). Comparisons stay as they are: a float against an integer above 2**24 is
compared exactly here and after rounding on a board.
"""

import ast
import importlib
import importlib.machinery
import math
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from filmgauge_sim.board.shims import _single
from filmgauge_sim.board.shims._single import rounded

_RUNTIME = "_single"  # the name of its runtime in transformed source
_OPERATIONS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
}
_STAND_INS = {"float": "to_float", "sum": "total", "round": "to_round"}


class NotTransformable(ValueError):
    """The source uses floats in a way that the transform does not know."""


def single_precision(source: str, runtime: str = _single.__name__) -> str:
    """Return `source` with its float arithmetic in single precision. runtime: its module.

    Raises NotTransformable for a form that would be missed, SyntaxError for what is not Python.
    """
    return ast.unparse(_transformed(source, runtime))


def load_single_precision(package: str = "filmgauge.gauge") -> dict[str, ModuleType]:
    """Return the package and its modules in single precision, by name.

    They import each other, and nobody else sees them until `importable` says so.
    """
    spec = find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError(f"{package} is not a package")
    names = [module.name for module in pkgutil.iter_modules(spec.submodule_search_locations)]
    finder = _Finder((package, *(f"{package}.{name}" for name in names)))
    with _hidden(finder.names):
        sys.meta_path.insert(0, finder)
        try:
            return {name: importlib.import_module(name) for name in finder.names}
        finally:
            sys.meta_path.remove(finder)


@contextmanager
def importable(modules: dict[str, ModuleType]) -> Iterator[None]:
    """Let imports inside the block find `modules` under their names."""
    with _hidden(modules):
        for name, module in modules.items():
            sys.modules[name] = module
            _set_in_parent(name, module)
        yield


class _Transform(ast.NodeTransformer):
    """Sends every place where a float can arise through the runtime."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, float):
            return ast.copy_location(ast.Constant(rounded(node.value)), node)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        name = _OPERATIONS.get(type(node.op))
        if name is None:
            return node
        return ast.copy_location(_operation(name, node.left, node.right), node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        if any(isinstance(part, ast.Call) for part in ast.walk(node.target)):
            raise NotTransformable(
                f"line {node.lineno}: the target is used twice, so it must not call anything"
            )
        self.generic_visit(node)
        name = _OPERATIONS.get(type(node.op))
        if name is None:
            return node
        current = deepcopy(node.target)
        current.ctx = ast.Load()
        assignment = ast.Assign([node.target], _operation("i" + name, current, node.value))
        return ast.copy_location(assignment, node)

    def visit_Call(self, node: ast.Call) -> Any:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "const":
            if isinstance(node.args[0], ast.BinOp) and any(map(_is_float, ast.walk(node))):
                return self.visit(node.args[0])  # computed when the module is loaded
            return _rounded_constants(node)
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and _is_math(node.func):
            return ast.copy_location(_call("call", node.func, *node.args), node)
        if name in ("pow", "divmod"):
            raise NotTransformable(f"line {node.lineno}: write {name} with operators")
        if name in _STAND_INS:
            node.func = _runtime(_STAND_INS[name])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        self.generic_visit(node)
        if _is_math(node) and isinstance(getattr(math, node.attr, None), float):
            return ast.copy_location(ast.Constant(rounded(getattr(math, node.attr))), node)
        return node

    def visit_Import(self, node: ast.Import) -> ast.stmt:
        for alias in node.names:
            if alias.name == "math" and alias.asname:
                raise NotTransformable(f"line {node.lineno}: import math under its own name")
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt:
        if node.module == "math":
            raise NotTransformable(f"line {node.lineno}: import math as a whole")
        return node


def _transformed(source: str, runtime: str) -> ast.Module:
    tree = _Transform().visit(ast.parse(source))
    at = 0
    while at < len(tree.body) and _stays_first(tree.body[at]):
        at += 1
    tree.body.insert(at, ast.parse(f"import {runtime} as {_RUNTIME}").body[0])
    return ast.fix_missing_locations(tree)


def _rounded_constants(node: ast.Call) -> ast.Call:
    """Round the floats of a `const`, which the compiler must be able to read."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant):
            part.value = rounded(part.value)
    return node


def _is_float(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float)


def _runtime(name: str) -> ast.expr:
    return ast.parse(f"{_RUNTIME}.{name}", mode="eval").body


def _call(name: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(_runtime(name), list(arguments), [])


def _operation(name: str, left: ast.expr, right: ast.expr) -> ast.expr:
    return _call("calculate", _runtime(name), left, right)


def _is_math(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "math"


def _stays_first(statement: ast.stmt) -> bool:
    """Whether a module docstring or a __future__ import must stay before the runtime's import."""
    if isinstance(statement, ast.ImportFrom):
        return statement.module == "__future__"
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


class _Finder:
    """Finds the modules `names` where they are and loads them transformed."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return the spec of one of `names`, None for other modules."""
        if name not in self.names:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None or spec.origin is None:
            return None
        spec.loader = _Loader(name, spec.origin)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    """Compiles the transformed source; keeps no bytecode, which would serve the untransformed."""

    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        tree = _transformed(self.get_data(path).decode(), _single.__name__)
        return compile(tree, path, "exec", dont_inherit=True)


@contextmanager
def _hidden(names: Iterable[str]) -> Iterator[None]:
    """Forget the modules `names` inside the block and bring them back after it."""
    names = tuple(names)
    for name in names:
        importlib.import_module(name)
    before = {name: sys.modules.pop(name) for name in names}
    try:
        yield
    finally:
        for name, module in before.items():
            sys.modules[name] = module
            _set_in_parent(name, module)


def _set_in_parent(name: str, module: ModuleType) -> None:
    parent, _, leaf = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], leaf, module)
