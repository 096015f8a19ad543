"""Pages that say what is: links that lead somewhere, commands that exist, homes that are there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from source_tree import LAUNCHER, PACKAGES, ROOT, modules

from filmgauge_host.cli.app import main

_DOCS = ROOT / "docs"
_PAGES = sorted([*ROOT.glob("*.md"), *_DOCS.glob("*.md")])
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_README_LINES = 150
# Of the tree, in code: none that a reader is to fill in.
_PATH = re.compile(
    r"(?<![\w/.-])((?:firmware|sim|host|tests|bench|tools|docs)/[\w./-]*\w)(?![\w/]*[<*{])"
)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _text(path), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading).strip().lower() for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", _PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(_text(page)):
        if link.startswith(("http:", "https:", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), f"{page.name}: {link} leads nowhere"
        if anchor:
            assert anchor in _anchors(target), f"{page.name}: {link} has no such heading"


@pytest.mark.parametrize("page", _PAGES, ids=lambda path: path.name)
def test_files_that_are_named_are_there(page: Path) -> None:
    text = _text(page)
    code = [*_CODE.findall(text), *re.findall(r"^ {4,}(.+)$", text, re.MULTILINE)]
    for path in (path for each in code for path in _PATH.findall(each)):
        assert (ROOT / path).exists(), f"{page.name}: {path} is not there"


def test_constants_that_contributors_are_led_to_are_there() -> None:
    """A constant that a step names is in a file that it names: one renamed leads nowhere."""
    steps = re.split(r"^(?:\d\. |## )", _text(ROOT / "CONTRIBUTING.md"), flags=re.MULTILINE)
    checked = 0
    for step in steps:
        files = [ROOT / path for path in _PATH.findall(step) if path.endswith(".py")]
        code = "\n".join(_text(path) for path in files if path.exists())
        names = re.findall(r"`(_?[A-Z][A-Z0-9_]{3,})`", step) if code else []
        checked += len(names)
        gone = [name for name in names if not re.search(rf"\b{name}\b", code)]
        assert not gone, f"CONTRIBUTING.md names {gone}, which none of {files} has"
    assert checked > 5


def _commands(page: Path) -> Iterator[list[str]]:
    """Return the `filmgauge` commands that a page shows, in blocks of code and within a line."""
    text = _text(page)
    lines = re.findall(r"^ {4,}(?:\.venv/bin/)?filmgauge (.+)$", text, re.MULTILINE)
    lines += re.findall(r"`(?:\.venv/bin/)?filmgauge ([^`\n]+)`", text)
    for line in lines:
        yield shlex.split(re.sub(r"\s\[.*|\.\.\.", "", line), comments=True)


def _check(words: list[str]) -> str:
    """Return what is wrong with a command, "" where nothing is: its name, or an option's."""
    command: click.Command = main
    context = click.Context(main)
    options = {"--help", "--version", "-h"}
    for word in words:
        if isinstance(command, click.Group) and not word.startswith("-"):
            found = command.get_command(context, word)
            if found is None:
                return f"there is no command {word}"
            command = found
            options |= {
                name for each in command.params for name in (*each.opts, *each.secondary_opts)
            }
        elif word.startswith("-") and word.split("=")[0] not in options:
            return f"{command.name} has no option {word}"
    return ""


@pytest.mark.parametrize("page", _PAGES, ids=lambda path: path.name)
def test_commands_exist(page: Path) -> None:
    if page.name == "CHANGELOG.md":
        return
    wrong = [f"filmgauge {' '.join(w)}: {why}" for w in _commands(page) if (why := _check(w))]
    assert not wrong, "\n".join(wrong)


def _options(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
    """Yield the commands and the long options of a command and of those in it."""
    context = click.Context(command)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _options(inner, f"{path} {name}")
    for each in command.params:
        if isinstance(each, click.Option):
            yield path, each.secondary_opts[0] if each.default is True else each.opts[0]


def test_every_option_stands_in_a_document() -> None:
    """An option that changes nothing unless it is given is useless to who never reads of it."""
    pages = "\n".join(_text(page) for page in _PAGES if page.name != "CHANGELOG.md")
    missing = [
        f"{path} {option}"
        for path, option in _options(main, "filmgauge")
        if not re.search(rf"{option}(?![\w-])", pages)
    ]
    assert not missing, f"no document names {missing}"


def test_commands_are_checked() -> None:
    assert _check(["run", "demo", "--speed", "max"]) == ""
    assert "no command" in _check(["walk"])
    assert "no option" in _check(["run", "--sped", "max"])


def test_the_readme_is_short() -> None:
    assert len(_text(ROOT / "README.md").splitlines()) <= _README_LINES


def _rows(page: Path) -> list[list[str]]:
    """Return the cells of the tables of a page, without heads and rules."""
    rows = [line.strip("|").split("|") for line in _text(page).splitlines() if line[:1] == "|"]
    cells = [[cell.strip() for cell in row] for row in rows]
    return [row for row in cells if row[0] != "term" and not set(row[0]) <= {"-", ":"}]


def _is_there(path: str) -> bool:
    return (ROOT / path).exists()


def test_homes_of_the_glossary_are_there() -> None:
    rows = _rows(_DOCS / "glossary.md")
    assert rows
    terms = [row[0] for row in rows]
    assert len(set(terms)) == len(terms), "a term has one line"
    homes = {row[0]: _CODE.findall(row[-1]) for row in rows}
    assert not [term for term, paths in homes.items() if not paths], "terms without a home"
    gone = {term: path for term, paths in homes.items() for path in paths if not _is_there(path)}
    assert not gone


def _folders() -> set[str]:
    """Return every folder of the packages that holds modules, as a path in the tree."""
    folders = {path.parent for path in modules().values()} - {LAUNCHER, *PACKAGES.values()}
    return {folder.relative_to(ROOT).as_posix() for folder in folders}


def test_every_folder_stands_in_the_architecture() -> None:
    named = {word.rstrip("/") for word in _CODE.findall(_text(_DOCS / "architecture.md"))}
    missing = sorted(_folders() - named)
    assert not missing, f"docs/architecture.md says nothing of {missing}"


def test_what_the_architecture_names_is_there() -> None:
    paths = [
        word
        for word in _CODE.findall(_text(_DOCS / "architecture.md"))
        if re.match(r"(firmware|sim|host|tests|bench|tools|docs)/", word)
    ]
    gone = sorted({word for word in paths if not _is_there(word)})
    assert not gone, f"docs/architecture.md names {gone}"
