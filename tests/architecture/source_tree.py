"""The source tree as a graph: which module imports which, on which line."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "filmgauge": ROOT / "firmware" / "filmgauge",
    "filmgauge_sim": ROOT / "sim" / "filmgauge_sim",
    "filmgauge_host": ROOT / "host" / "filmgauge_host",
}
LAUNCHER = ROOT / "firmware"  # modules beside the package, each a package of its own
_SHIMS = PACKAGES["filmgauge_sim"] / "board" / "shims"  # the board's own modules, found by path


@dataclass(frozen=True)
class Arrow:
    """An import: `source` names `target` in this line."""

    source: str
    target: str
    line: int

    def __str__(self) -> str:
        return f"{self.source} -> {self.target} (line {self.line})"


@cache
def modules() -> Mapping[str, Path]:
    """Return every module of the launcher and the three packages: dotted name -> file."""
    found = {path.stem: path for path in sorted(LAUNCHER.glob("*.py"))}
    for package, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            if path.is_relative_to(_SHIMS):
                continue
            parts = path.relative_to(folder).with_suffix("").parts
            name = ".".join((package, *parts))
            found[name.removesuffix(".__init__")] = path
    return found


@cache
def tree(path: Path) -> ast.Module:
    """Return the parsed file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def arrows() -> tuple[Arrow, ...]:
    """Return every import between modules, those inside functions and for types too."""
    return tuple(
        Arrow(name, target, line)
        for name, path in modules().items()
        for target, line in _imported(name, path)
        if target != name
    )


def _imported(name: str, path: Path) -> Iterator[tuple[str, int]]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _known(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: 1 - node.level or None]) if node.level else ""
            origin = ".".join(part for part in (base, node.module) if part)
            for alias in node.names:
                inner = f"{origin}.{alias.name}"
                yield from _known(inner if inner in modules() else origin, node.lineno)


def _known(name: str, line: int) -> Iterator[tuple[str, int]]:
    if name in modules():
        yield name, line


def folder(module: str) -> str:
    """Return the folder that holds a module, as a dotted name; a module beside the folders of its
    package stands for itself."""
    package, *inner = module.split(".")
    is_folder = modules()[module].name == "__init__.py"
    if not inner:
        return package
    if len(inner) == 1 or is_folder:
        return module
    return ".".join((package, *inner[:-1]))


def room(module: str) -> str:
    """Return the first folder below the package that holds a module (`cell` of
    `filmgauge_sim.cell.film`), or the module itself beside those; "" for the package."""
    return module.split(".")[1] if "." in module else ""


def first_circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Return the nodes of a circle in their order, the first again at the end; [] without one."""
    done: set[str] = set()

    def visit(node: str, way: list[str]) -> list[str]:
        if node in way:
            return [*way[way.index(node) :], node]
        if node in done:
            return []
        for target in sorted(graph.get(node, ())):
            circle = visit(target, [*way, node])
            if circle:
                return circle
        done.add(node)
        return []

    for node in sorted(graph):
        circle = visit(node, [])
        if circle:
            return circle
    return []
