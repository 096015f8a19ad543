"""Short names: none that a port's own modules know, whose stubs are the witness."""

import ast
from pathlib import Path

from filmgauge_sim.board.firmware_image import firmware_sources

STUBS = Path(__file__).parents[3] / "typings"


def attributes(sources: dict[str, str]) -> set[str]:
    """Return the names that are asked of an object."""
    nodes = (node for text in sources.values() for node in ast.walk(ast.parse(text)))
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def members(stub: Path) -> set[str]:
    """Return the names that a module of a port or one of its classes has."""
    nodes = list(ast.walk(ast.parse(stub.read_text())))
    functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    typed = (node.target for node in nodes if isinstance(node, ast.AnnAssign))
    return functions | {target.id for target in typed if isinstance(target, ast.Name)}


def imported(sources: dict[str, str]) -> set[str]:
    """Return the modules that the firmware imports and does not bring along."""
    found = set()
    for text in sources.values():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
    return {name for name in found if not name.startswith("filmgauge")}


def test_what_a_port_brings_keeps_its_name(short_firmware: dict[str, str]) -> None:
    sources = firmware_sources()
    gone = attributes(sources) - attributes(short_firmware)
    stubs = [
        path
        for name in imported(sources)
        for pattern in (
            f"{name}.pyi",
            f"{name}/*.pyi",
            f"stdlib/{name}.pyi",
            f"stdlib/{name}/*.pyi",
        )
        for path in STUBS.glob(pattern)
    ]
    assert len(stubs) > 10
    always = (*STUBS.glob("_mpy_shed/*.pyi"), STUBS / "stdlib" / "builtins.pyi")
    known = set().union(*map(members, (*stubs, *always)))
    assert len(known) > 500
    methods = {
        name for name in gone if not name.isupper() and name[0] != "_"
    }  # constants became numbers
    assert methods & known == set()
