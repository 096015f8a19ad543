"""Modules that only one other module uses, made a part of it: bytecode that takes less heap.

A module that is loaded keeps an object, a table of its names, a table of those that it knows, and
three names (its path, its own and the last part of that) in the heap, some 400 bytes whatever it
does. So where the source tree has one subject a file, the board has one file for what is loaded
together anyway: a module becomes part of the one that imports it if that is the only one, imports
it at its top, and lies in the same package. What is imported lazily stays alone, and so does what
is used as a value or let go while the other stays. So does what would make a large module larger:
while it is loaded, each of its functions takes room that is free again only when all are there.
"""

import ast
import builtins
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache

from filmgauge_sim.board.syntax import module_of, nodes_of

_MOST = 22000  # characters of a joined text: beyond, heaps got no smaller (measured)
_Import = ast.ImportFrom | ast.Import
_Outer = ast.FunctionDef | ast.Lambda | ast.ClassDef
_Origin = tuple[str, str, str | None]  # of an imported name: module, name there, name here


def join(sources: Mapping[str, str], users: Iterable[str] = ()) -> dict[str, str]:
    """Return the sources of a package with fewer modules; keys are paths like `package/file.py`.

    `users`: sources that stay as they are and import modules of the package.
    """
    files = {file.module: file for file in (_File(p, text) for p, text in sources.items())}
    used = {name for text in users for name in _imported_by(text)}
    while pair := _next_pair(files, used):
        part, whole = pair
        files[whole.module] = _File(whole.path, _joined(part, whole))
        del files[part.module]
    return {file.path: file.text for file in files.values()}


class _File:
    """A file and what it names.

    imported: modules, and what it imports from them, anywhere; imported_at_top: by statements
    `from ... import` at its top.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text
        self.module = module_of(path)
        self.package, _, self.leaf = self.module.rpartition(".")
        self.tree = ast.parse(text)
        self.nodes = nodes_of(self.tree)
        from_top = [node for node in self.tree.body if isinstance(node, ast.ImportFrom)]
        self.imported = _imported(self.nodes)
        self.imported_at_top = _imported(from_top)

    # What only the few files are asked for that may become one.

    @cached_property
    def origins(self) -> set[_Origin]:
        """Where the names are from that the imports at its top bind."""
        return {origin for node in self.tree.body for origin in _origins(node)}

    @cached_property
    def texts(self) -> list[tuple[str, ...]]:
        """Those of each tuple, and single ones."""
        return list(_texts(self.nodes))

    @cached_property
    def tops(self) -> set[str]:
        """The names bound at its top."""
        return {name for node in self.tree.body for name in _bound(node)}

    @cached_property
    def inner(self) -> set[str]:
        """The names that its functions and classes bind."""
        return {
            name
            for outer in self.nodes
            if isinstance(outer, _Outer)
            for node in ast.iter_child_nodes(outer)
            for name in _bound(node)
        }

    @cached_property
    def names(self) -> set[str]:
        """All its names."""
        named = {node.id for node in self.nodes if isinstance(node, ast.Name)}
        return named | self.tops | self.inner


def _imported(nodes: Iterable[ast.AST]) -> Counter[str]:
    """Return how often each module, and what is imported from it, is."""
    return Counter(name for node in nodes for name in _imports(node))


@lru_cache(maxsize=256)
def _imported_by(text: str) -> frozenset[str]:
    """Return the modules that a user imports, and what it imports from them."""
    return frozenset(_imported(nodes_of(ast.parse(text))))


def _next_pair(files: Mapping[str, _File], used: set[str]) -> tuple[_File, _File] | None:
    """Return a module and the one that it can become a part of."""
    for part in files.values():
        importers = [each for each in files.values() if part.module in each.imported]
        if part.module in used or part.path.endswith("/__init__.py") or len(importers) != 1:
            continue
        whole = importers[0]
        if len(part.text) + len(whole.text) > _MOST:
            continue
        at_top = whole.imported_at_top[part.module] == whole.imported[part.module]
        if at_top and part.package == whole.package and whole.module not in part.imported:
            texts = [each for file in files.values() for each in file.texts]
            if all(_go_together(each, part, whole) for each in texts) and _fits(part, whole):
                return part, whole
    return None


def _go_together(texts: tuple[str, ...], part: _File, whole: _File) -> bool:
    """Return whether texts that may name the part, to let it go, name the whole, too."""
    return not _begins_so(part.module, texts) or _begins_so(whole.module, texts)


def _begins_so(module: str, texts: tuple[str, ...]) -> bool:
    """Return whether the name of a module begins with a word of texts, as it is or as it is within
    its package."""
    words = tuple(word for text in texts for word in text.split())
    return module.startswith(words) or module[len(module.partition(".")[0]) :].startswith(words)


def _fits(part: _File, whole: _File) -> bool:
    """Return whether every name can mean in one file what it means in two."""
    alias = _alias(part, whole)
    asked = [
        node.attr
        for node in whole.nodes
        if isinstance(node, ast.Attribute)
        and _is(node.value, alias)
        and isinstance(node.ctx, ast.Load)
    ]
    uses = sum(_is(node, alias) for node in whole.nodes)
    is_clear = uses == len(asked) and alias not in whole.inner and set(asked) <= part.tops
    by_name = [each for each in whole.origins if each[0] == part.module]
    others = part.names - part.tops  # built in, or bound within
    others -= part.inner - set(dir(builtins))
    return (
        is_clear
        and not any(here for _, _, here in by_name)
        and not _renamed(part, whole).keys() & part.inner
        and not others & whole.tops
    )


def _alias(part: _File, whole: _File) -> str | None:
    """Return the name by which a module knows its part, None where it only knows its names."""
    names = [
        here or name
        for module, name, here in whole.origins
        if (module, name) == (part.package, part.leaf)
    ]
    return names[0] if names else None


def _renamed(part: _File, whole: _File) -> dict[str, str]:
    """Return new names for what is something else in the whole."""
    kept = {name for module, name, _ in whole.origins if module == part.module}
    kept |= {here or name for _, name, here in part.origins & whole.origins}
    renamed = {}
    for name in sorted((part.tops & whole.names) - kept):
        number = 2
        while f"{name}{number}" in part.names | whole.names:
            number += 1
        renamed[name] = f"{name}{number}"
    return renamed


def _joined(part: _File, whole: _File) -> str:
    """Return the text of both in one, the part where it was imported."""
    renamed, alias = _renamed(part, whole), _alias(part, whole)
    part_tree = _Renaming(renamed).visit(part.tree)
    tree = _Direct(alias, renamed).visit(whole.tree)
    body = part_tree.body[1:] if _is_docstring(part_tree.body[0]) else part_tree.body
    statements: list[ast.stmt] = []
    for node in tree.body:
        left: ast.stmt | None = node
        if isinstance(node, ast.ImportFrom) and node.module == part.module:
            left = None
        elif isinstance(node, ast.ImportFrom) and node.module == part.package:
            left = _only(node, [each for each in node.names if each.name != part.leaf])
        if part.module in _imports(node):
            statements += body
            body = []
        if left is not None:
            statements.append(left)
    tree.body = list(_each_import_once(statements))
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


class _Renaming(ast.NodeTransformer):
    """Gives names of a module others; no function binds one of them."""

    def __init__(self, renamed: Mapping[str, str]) -> None:
        self._renamed = renamed

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._renamed.get(node.id, node.id)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self._renamed.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = self._renamed.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_alias(self, node: ast.alias) -> ast.alias:
        node.asname = self._renamed.get(node.asname or node.name, node.asname)
        return node


class _Direct(ast.NodeTransformer):
    """Names directly what was asked of a module."""

    def __init__(self, module: str | None, renamed: Mapping[str, str]) -> None:
        self._module = module
        self._renamed = renamed

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if _is(node.value, self._module):
            return ast.Name(self._renamed.get(node.attr, node.attr), node.ctx)
        return self.generic_visit(node)


def _each_import_once(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements without imports of what is there already."""
    there: set[_Origin] = set()
    for node in statements:
        left: ast.stmt | None = node
        if isinstance(node, _Import):
            left = _only(node, [each for each in node.names if _origin(node, each) not in there])
            there.update(_origins(node))
        if left is not None:
            yield left


def _only(node: _Import, names: list[ast.alias]) -> ast.stmt | None:
    """Return an import with some of its names, None for none."""
    if isinstance(node, ast.Import):
        return ast.Import(names) if names else None
    return ast.ImportFrom(node.module, names, 0) if names else None


def _is(node: ast.AST, name: str | None) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _imports(node: ast.AST) -> Iterator[str]:
    """Yield the modules that an import may load."""
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield f"{node.module}.{alias.name}"
        yield str(node.module)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name


def _origins(node: ast.stmt) -> Iterator[_Origin]:
    """Yield where the names come from that an import binds."""
    if isinstance(node, _Import):
        for alias in node.names:
            yield _origin(node, alias)


def _origin(node: _Import, alias: ast.alias) -> _Origin:
    module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
    return module, alias.name, alias.asname


def _texts(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, ...]]:
    """Yield the texts of each tuple, and each text that stands alone."""
    grouped: set[int] = set()
    for node in nodes:  # a tuple comes before what is in it
        if isinstance(node, ast.Tuple):
            texts = [each for each in node.elts if _is_text(each)]
            grouped.update(map(id, texts))
            yield tuple(each.value for each in texts)  # type: ignore[attr-defined]
        elif _is_text(node) and id(node) not in grouped:
            yield (node.value,)  # type: ignore[attr-defined]


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement, or the arguments of a function, bind where it stands."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
        return
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.alias):
        yield (node.asname or node.name).partition(".")[0]
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name
    for child in ast.iter_child_nodes(node):
        yield from _bound(child)
