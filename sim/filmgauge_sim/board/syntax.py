"""Python sources, parsed and walked through once for all that is asked of them."""

import ast
import re
from collections import Counter
from collections.abc import Mapping
from functools import cached_property


class Source:
    """A file of a package: its dotted name, its tree and all nodes of that."""

    def __init__(self, path: str, text: str) -> None:
        self.text = text
        self.module = module_of(path)
        self.tree = ast.parse(text)
        self.nodes = nodes_of(self.tree)

    @cached_property
    def bound(self) -> Counter[str]:
        """How often each name is given a value, anywhere in the file."""
        return Counter(
            node.arg if isinstance(node, ast.arg) else node.id
            for node in self.nodes
            if isinstance(node, ast.arg)
            or (isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load))
        )

    @cached_property
    def imports(self) -> list[ast.ImportFrom]:
        """Its statements `from ... import`, anywhere."""
        return [node for node in self.nodes if isinstance(node, ast.ImportFrom)]

    @cached_property
    def functions(self) -> list[ast.FunctionDef]:
        """Its functions and methods."""
        return [node for node in self.nodes if isinstance(node, ast.FunctionDef)]


def parsed(sources: Mapping[str, str]) -> dict[str, Source]:
    """Return the parsed files of a package; keys are paths like `package/file.py`."""
    return {path: Source(path, text) for path, text in sources.items()}


def module_of(path: str) -> str:
    """Return the dotted name of a path."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def words_of(node: ast.AST) -> list[str]:
    """Return the words of a text, or of bytes, by which a program may ask for a name; none of any
    other node."""
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return re.findall(r"\w+", value) if isinstance(value, str) else []


def nodes_of(tree: ast.AST) -> list[ast.AST]:
    """Return what `ast.walk` yields, in less than half of its time."""
    nodes = [tree]
    for node in nodes:  # which grows meanwhile
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                nodes.append(value)
            elif isinstance(value, list):
                nodes.extend([each for each in value if isinstance(each, ast.AST)])
    return nodes
