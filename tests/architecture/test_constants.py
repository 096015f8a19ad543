"""What the board's compiler folds: it knows `const` as the value of one name, and nowhere else.

The image of the firmware imports no `const`, since nothing is left of it; a call that is not
folded ends the wake that comes to it.
"""

import ast

from source_tree import PACKAGES, tree


def test_every_constant_is_one_that_the_compiler_folds() -> None:
    files = sorted(PACKAGES["filmgauge"].rglob("*.py"))
    found, folded = set(), set()
    for path in files:
        for node in ast.walk(tree(path)):
            match node:
                case ast.Call(func=ast.Name("const")):
                    found.add((path.name, node.lineno))
                case ast.Assign(
                    targets=[ast.Name()], value=ast.Call(func=ast.Name("const")) as call
                ):
                    folded.add((path.name, call.lineno))
    assert len(found) > 300
    assert found == folded
