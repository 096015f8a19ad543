"""Classes and variables of modules, named as attributes are that the interpreter knows anyway.

A name that it does not know yet stays in the heap for good. No traceback tells the name of a class
or of a variable, so these get the short names of attributes (short_names.py): a global and an
attribute of one name are different things wherever they are. Functions keep theirs, and so do
exceptions, which are told by name, and what a user, a text or a port names.
"""

import ast
import builtins
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from filmgauge_sim.board.foreign_names import foreign_names
from filmgauge_sim.board.syntax import Source, nodes_of, parsed, words_of

_SHORT = re.compile(r"_[A-Za-z]{1,2}")
_Name = ast.Name | ast.Attribute | ast.alias | ast.ClassDef


def shorten_globals(sources: Mapping[str, str], users: Iterable[str] = ()) -> dict[str, str]:
    """Return the sources of a package with other names of classes and variables; keys are paths.

    `users`: sources that stay as they are and use the package by its names.
    """
    files = parsed(sources)
    kept = set(dir(builtins)) | foreign_names()
    kept |= {name for text in users for name in _mentioned_by(text)}
    for file in files.values():
        kept |= _spoken(file) | _bound_within(file)
    renamable = {name for file in files.values() for name in _globals(file)} - kept
    short = _short_names(files, renamable)
    return {path: _renamed(file, short) for path, file in files.items()}


def _globals(file: Source) -> Iterator[str]:
    """Yield the classes of a module that are no exceptions, and its variables; a constant has a
    name only where it is imported."""
    for node in file.tree.body:
        if isinstance(node, ast.ClassDef):
            bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
            if not any(name.endswith(("Error", "Exception")) for name in bases):
                yield node.name
        elif isinstance(node, ast.Assign) and not _is_constant(node.value):
            yield from (each.id for each in node.targets if isinstance(each, ast.Name))


def _is_constant(node: ast.expr) -> bool:
    function = node.func if isinstance(node, ast.Call) else None
    return isinstance(function, ast.Name) and function.id == "const"


def _bound_within(file: Source) -> set[str]:
    """Return the names of a file that something else than a class or a variable of a module has,
    or a part of it."""
    at_top = {id(each) for each in file.tree.body}
    targets = {
        id(target)
        for node in file.tree.body
        if isinstance(node, ast.Assign) and not _is_constant(node.value)
        for target in node.targets
    }
    found: set[str] = set()
    for node in file.nodes:
        if isinstance(node, ast.FunctionDef) or (
            isinstance(node, ast.ClassDef) and id(node) not in at_top
        ):
            found.add(node.name)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            if id(node) not in targets:
                found.add(node.id)
        elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            found.add(node.attr)
        elif isinstance(node, ast.arg | ast.keyword):
            found.add(node.arg or "")
        elif isinstance(node, ast.Global):
            found.update(node.names)
        elif isinstance(node, ast.alias) and node.asname:
            found.add(node.asname)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
    found.update(part for part in file.module.split("."))
    return found


def _spoken(file: Source) -> set[str]:
    """Return the words of a file's texts, but for those that only a reader sees."""
    silent = {id(each) for node in file.nodes for part in _unread(node) for each in nodes_of(part)}
    return _words(node for node in file.nodes if id(node) not in silent)


def _words(nodes: Iterable[ast.AST]) -> set[str]:
    return {word for node in nodes for word in words_of(node)}


def _unread(node: ast.AST) -> Iterator[ast.AST]:
    """Yield docstring and annotations of a node."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value
    elif isinstance(node, ast.FunctionDef) and node.returns:
        yield node.returns
    elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
        yield node.annotation


@lru_cache(maxsize=256)
def _mentioned_by(text: str) -> frozenset[str]:
    """Return the names of a user, and the words of its texts."""
    nodes = nodes_of(ast.parse(text))
    return frozenset(map(_name, nodes)) | _words(nodes)


def _short_names(files: Mapping[str, Source], renamable: set[str]) -> dict[str, str]:
    """Return a short name for each: one that attributes have, and nothing in a file where it is
    used: within a class its methods come before what the module has."""
    used = {path: _plain_names(file) for path, file in files.items()}
    places: dict[str, list[str]] = defaultdict(list)  # name -> paths
    for path, names in used.items():
        for name in names & renamable:
            places[name].append(path)
    attributes = {
        node.attr
        for file in files.values()
        for node in file.nodes
        if isinstance(node, ast.Attribute)
    }
    candidates = sorted(filter(_SHORT.fullmatch, attributes), key=lambda name: (len(name), name))
    short = {}
    for name in sorted(places, key=lambda name: (-len(places[name]), name)):
        there = set().union(*(used[path] for path in places[name]))
        found = next((each for each in candidates if each not in there), None)
        if found is not None and len(found) <= len(name):
            short[name] = found
            for path in places[name]:
                used[path].add(found)
    return short


def _plain_names(file: Source) -> set[str]:
    """Return the names in a file that are no attributes, and those that modules are asked for."""
    found = {node.id for node in file.nodes if isinstance(node, ast.Name)}
    found |= {node.arg for node in file.nodes if isinstance(node, ast.arg)}
    found |= {node.name for node in file.nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in file.nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr[:1] != "_" or not _SHORT.fullmatch(node.attr):
                found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
    return found


def _renamed(file: Source, short: Mapping[str, str]) -> str:
    """Return the text of a file with the short names."""
    is_changed = False
    for node in file.nodes:
        before = _name(node)
        if before in short:
            assert isinstance(node, _Name)
            is_changed = True
            if isinstance(node, ast.Name):
                node.id = short[before]
            elif isinstance(node, ast.Attribute):
                node.attr = short[before]
            else:
                node.name = short[before]
    return ast.unparse(file.tree) + "\n" if is_changed else file.text


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.name if isinstance(node, ast.alias | ast.ClassDef) else ""
