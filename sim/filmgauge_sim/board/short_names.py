"""Sources with fewer and shorter names, for bytecode that a small heap can hold.

Every name in a module's bytecode that the interpreter does not know yet stays in the heap for
good, its text and 7 bytes more, and a thousand of them are a quarter of a 64 KB heap. So what
nobody calls by its name gets another one: numbers that modules import from each other become
numbers, parameters become letters, and attributes and methods get short names that they share with
those of files that have nothing to do with them, unless a user of the firmware, a text, or
something else that is not the firmware's has the name, too. Functions and classes of modules keep
their names: a traceback still tells where it happened.
"""

import ast
import string
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from filmgauge_sim.board.foreign_names import foreign_names
from filmgauge_sim.board.syntax import Source, nodes_of, parsed, words_of

_Edit = tuple[int, int, int, int, str]  # from line, column to line, column: what stands there


def shorten(
    sources: Mapping[str, str], users: Iterable[str] = (), keeps_public: bool = False
) -> dict[str, str]:
    """Return the sources of a package with short names; keys are paths like `package/file.py`.

    `users`: sources that stay as they are and use the package by its names. keeps_public: there
    are others, who may name any integer without an underscore.
    """
    users = list(users)
    shortened = _Constants(sources, users, keeps_public).inlined()
    return _short_parameters(_short_attributes(shortened, users), users)


class _Constants:
    """The integers at the top of modules that other modules import."""

    def __init__(self, sources: Mapping[str, str], users: list[str], keeps_public: bool) -> None:
        self._keeps_public = keeps_public
        self._sources = parsed(sources)
        self._users = users
        self._modules = {source.module: path for path, source in self._sources.items()}
        self._values: dict[tuple[str, str], int] = {}  # (module, name)
        self._asked: set[str] = set()  # paths
        for path in sources:
            self._read(path)

    def inlined(self) -> dict[str, str]:
        """Return the sources with numbers in place of their names."""
        texts = {path: self._with_numbers(path) for path in self._sources}
        trees = {path: ast.parse(text) for path, text in texts.items()}
        kept = _mentioned_by(self._users).union(*map(_mentioned, map(nodes_of, trees.values())))
        return {path: self._without_unused(path, texts[path], trees[path], kept) for path in texts}

    def _read(self, path: str) -> None:
        """Note the integers of a module, after those of the modules that it imports from."""
        source = self._sources[path]
        known = self._imported(source)
        for node in source.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name, value = node.targets[0].id, _integer(node.value, known)
                if value is not None and source.bound[name] == 1:
                    known[name] = value
                    self._values[source.module, name] = value

    def _imported(self, source: Source) -> dict[str, int]:
        found = {}
        for node in source.imports:
            if node.module in self._modules:
                for alias in node.names:
                    value = self._value(node.module, alias.name)
                    if value is not None and not source.bound[alias.asname or alias.name]:
                        found[alias.asname or alias.name] = value
        return found

    def _value(self, module: str, name: str) -> int | None:
        """Return an integer of a module, read if it was not before."""
        if (module, name) not in self._values and f"{module}.{name}" not in self._modules:
            path = self._modules[module]
            if path not in self._asked:
                self._asked.add(path)
                self._read(path)
        return self._values.get((module, name))

    @staticmethod
    def _is_needed(alias: ast.alias, numbers: Mapping[str, int]) -> bool:
        """Return whether a name is to be imported: the compiler knows `const` by itself."""
        return alias.name != "const" and (alias.asname or alias.name) not in numbers

    def _with_numbers(self, path: str) -> str:
        source = self._sources[path]
        numbers = self._imported(source)
        numbers.update({name: v for (m, name), v in self._values.items() if m == source.module})
        modules = _module_aliases(source, self._modules)
        edits = []
        for node in source.nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                if node.id in numbers:
                    edits.append(_edit(node, _literal(numbers[node.id])))
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                value = self._values.get((modules.get(node.value.id, ""), node.attr))
                if value is not None:
                    edits.append(_edit(node, _literal(value)))
            elif isinstance(node, ast.ImportFrom) and node.module in self._modules:
                left = [a for a in node.names if self._is_needed(a, numbers)]
                if len(left) < len(node.names):
                    edits.append(_edit(node, _import(node.module, left)))
        return _edited(source.text, edits)

    def _without_unused(self, path: str, text: str, tree: ast.Module, kept: set[str]) -> str:
        """Take away the integers of a module that nobody names any more."""
        edits = []
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                is_known = (self._sources[path].module, name) in self._values
                if self._keeps_public and not name.startswith("_"):
                    continue
                if is_known and name not in kept:
                    edits.append(_edit(node, "pass"))
        return _edited(text, edits)


def _short_attributes(sources: Mapping[str, str], users: list[str]) -> dict[str, str]:
    """Rename attributes and methods; those of unrelated files share a name."""
    files = parsed(sources)
    taken = _other_names(files.values()) | _mentioned_by(users)
    own = _own_members(files.values()) - taken - foreign_names()
    family = _families(files)
    places: dict[str, set[str]] = defaultdict(set)  # attribute -> families
    for path, file in files.items():
        for node in file.nodes:
            if isinstance(node, ast.Attribute) and node.attr in own:
                places[node.attr].add(family[path])
            elif isinstance(node, ast.FunctionDef) and node.name in own:
                places[node.name].add(family[path])
        for name in _names_of_classes(file):
            if name.id in own:
                places[name.id].add(family[path])
    used: dict[str, set[str]] = defaultdict(set)  # family -> short names
    short = {}
    spoken = {n.id for file in files.values() for n in file.nodes if isinstance(n, ast.Name)}
    avoided = taken | spoken | set(places)
    candidates = [name for name in _short_names("_") if name not in avoided]
    for attribute in sorted(places, key=lambda name: (-len(places[name]), name)):
        there = set().union(*(used[each] for each in places[attribute]))
        short[attribute] = next(name for name in candidates if name not in there)
        for each in places[attribute]:
            used[each].add(short[attribute])
    renamed = {}
    for path, file in files.items():
        edits = []
        for node in file.nodes:
            if isinstance(node, ast.Attribute) and node.attr in short:
                assert node.end_lineno is not None
                assert node.end_col_offset is not None
                begin = node.end_col_offset - len(node.attr)
                end = node.end_lineno, node.end_col_offset
                edits.append((node.end_lineno, begin, *end, short[node.attr]))
            elif isinstance(node, ast.FunctionDef) and node.name in short:
                begin = node.col_offset + len("def ")
                end = node.lineno, begin + len(node.name)
                edits.append((node.lineno, begin, *end, short[node.name]))
        edits += [_edit(n, short[n.id]) for n in _names_of_classes(file) if n.id in short]
        renamed[path] = _edited(file.text, edits)
    return renamed


def _short_parameters(sources: Mapping[str, str], users: list[str]) -> dict[str, str]:
    """Rename the parameters that no call gives by name."""
    files = parsed(sources)
    by_name = {name for file in files.values() for name in _keywords(file.nodes)}
    by_name.update(name for text in users for name in _facts_of_user(text)[1])
    return {
        path: _edited(file.text, [e for f in file.functions for e in _letters(f, by_name)])
        for path, file in files.items()
    }


def _letters(function: ast.FunctionDef, by_name: set[str | None]) -> Iterator[_Edit]:
    """Yield what makes letters of the parameters of one function."""
    nodes = [node for statement in function.body for node in nodes_of(statement)]
    if any(isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)) for node in nodes):
        return  # its names may mean something else within
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    parameters = [each for each in function.args.args if each.arg != "self"]
    every = {each.arg for each in nodes_of(function.args) if isinstance(each, ast.arg)}
    letters = (letter for letter in string.ascii_lowercase if letter not in names | every)
    short = {each.arg: next(letters) for each in parameters if each.arg not in by_name}
    for parameter in parameters:
        if parameter.arg in short:
            end = parameter.col_offset + len(parameter.arg.encode())
            begin = parameter.lineno, parameter.col_offset
            yield (*begin, parameter.lineno, end, short[parameter.arg])
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in short:
            yield _edit(node, short[node.id])


def _keywords(nodes: Iterable[ast.AST]) -> set[str | None]:
    """Return the names by which calls give arguments."""
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    return {keyword.arg for call in calls for keyword in call.keywords}


def _families(files: Mapping[str, Source]) -> dict[str, str]:
    """Return a name for the files of each file's family: those whose classes inherit from each
    other."""
    modules = {file.module: path for path, file in files.items()}
    family = {path: path for path in files}
    for path, file in files.items():
        origin = {
            alias.asname or alias.name: node.module
            for node in file.imports
            if node.module in modules
            for alias in node.names
        }
        for function in file.functions:  # a base that is given: one like its default
            given = function.args.args[len(function.args.args) - len(function.args.defaults) :]
            for parameter, value in zip(given, function.args.defaults, strict=True):
                if isinstance(value, ast.Name) and value.id in origin:
                    origin[parameter.arg] = origin[value.id]
        for node in file.nodes:
            for base in node.bases if isinstance(node, ast.ClassDef) else ():
                if isinstance(base, ast.Name) and base.id in origin:
                    one, other = family[path], family[modules[origin[base.id]]]
                    family = {p: one if f == other else f for p, f in family.items()}
    return family


def _names_of_classes(file: Source) -> list[ast.Name]:
    """Return where classes of a file name their own members outside of their methods."""
    found = []
    for each in file.nodes:
        if isinstance(each, ast.ClassDef):
            members = _members(each)
            names = (n for s in _statements(each) for n in nodes_of(s) if isinstance(n, ast.Name))
            found += [name for name in names if name.id in members]
    return found


def _members(node: ast.ClassDef) -> set[str]:
    """Return the names of a class's methods and of what it sets."""
    found = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
    for statement in _statements(node):
        found.update(
            each.id
            for each in nodes_of(statement)
            if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load)
        )
    return found


def _statements(node: ast.ClassDef) -> list[ast.stmt]:
    return [each for each in node.body if not isinstance(each, ast.FunctionDef | ast.ClassDef)]


def _own_members(files: Iterable[Source]) -> set[str]:
    """Return the names of methods and of what is stored in an object or a class."""
    nodes = [node for file in files for node in file.nodes]
    classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
    found = {name for each in classes for name in _members(each)}
    found.update(
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    )
    return {name for name in found if not name.startswith("__")}


def _other_names(files: Iterable[Source]) -> set[str]:
    """Return the names that modules and classes give to what is no method, and the words of all
    texts but docstrings."""
    found: set[str] = set()
    for file in files:
        nodes = file.nodes
        classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
        methods = {id(method) for each in classes for method in each.body}
        docstrings = {
            id(node.value)
            for each in nodes
            for node in (
                each.body if isinstance(each, (ast.Module, ast.ClassDef, ast.FunctionDef)) else ()
            )
            if isinstance(node, ast.Expr)
        }
        members = set(map(id, _names_of_classes(file)))
        for scope in (file.tree, *classes):
            for statement in scope.body:
                if not isinstance(statement, (ast.ClassDef, ast.FunctionDef)):
                    found.update(
                        n.id
                        for n in nodes_of(statement)
                        if isinstance(n, ast.Name) and id(n) not in members
                    )
        for node in nodes:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and id(node) not in methods:
                found.add(node.name)
            elif isinstance(node, ast.Global):
                found.update(node.names)
            elif isinstance(node, ast.Constant) and id(node) not in docstrings:
                found.update(words_of(node))
            elif isinstance(node, ast.alias):
                found.update((node.asname or node.name).split("."))
    return found


def _mentioned(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names that are read, imported, asked of an object, or written as a text."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.add(node.name)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found


@lru_cache(maxsize=256)
def _facts_of_user(text: str) -> tuple[frozenset[str], frozenset[str | None]]:
    """Return the names that a user mentions, and those by which it gives arguments."""
    nodes = nodes_of(ast.parse(text))
    return frozenset(_mentioned(nodes)), frozenset(_keywords(nodes))


def _mentioned_by(users: Iterable[str]) -> set[str]:
    return {name for text in users for name in _facts_of_user(text)[0]}


def _module_aliases(source: Source, modules: Mapping[str, str]) -> dict[str, str]:
    """Return the names under which a file knows modules of the package."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in source.imports
        for alias in node.names
        if f"{node.module}.{alias.name}" in modules
    }


def _integer(node: ast.expr, known: Mapping[str, int]) -> int | None:
    """Return the value of an expression of integers, None for any other."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "const":
        node = node.args[0]
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    whole = (ast.BinOp, ast.UnaryOp, ast.Constant, ast.Name, ast.operator, ast.unaryop, ast.Load)
    if not names <= set(known) or not all(isinstance(each, whole) for each in ast.walk(node)):
        return None
    value = eval(compile(ast.Expression(node), "constant", "eval"), {}, dict(known))
    return value if type(value) is int else None


def _literal(value: int) -> str:
    return str(value) if value >= 0 else f"({value})"


def _import(module: str, names: list[ast.alias]) -> str:
    return ast.unparse(ast.ImportFrom(module, names, 0)) if names else "pass"


def _short_names(prefix: str) -> Iterator[str]:
    for letter in string.ascii_lowercase + string.ascii_uppercase:
        yield prefix + letter
    for letter in string.ascii_lowercase:
        for other in string.ascii_lowercase:
            yield prefix + letter + other


def _edit(node: ast.expr | ast.stmt, text: str) -> _Edit:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, text


def _edited(text: str, edits: Iterable[_Edit]) -> str:
    """Return a text with the edits made; none lies within another."""
    lines = text.encode().splitlines(keepends=True)
    for line, column, end_line, end_column, new in sorted(edits, reverse=True):
        tail = lines[end_line - 1][end_column:]
        lines[line - 1] = lines[line - 1][:column] + new.encode() + tail
        del lines[line:end_line]
    return b"".join(lines).decode()
