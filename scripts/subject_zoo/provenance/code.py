"""Digests of the code that results depend on, so that an edit of it is seen, and an edit of anything else is not.

Snakemake sees a script's own change alone, and by its time stamp. What a result depends on are the library's modules
that are reached from the step that makes it. Modules count whole, but for two: chain.py and project.py, which name all
of the library, count definition by definition, so that the formatter is no part of training. Comments, docstrings and
layout do not count; scripts, which load, call and save, are where the search begins and do not count themselves.
"""

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_LIBRARY = Path(__file__).parents[1]
_PACKAGE = _LIBRARY.name
_CHAIN, _PROJECT = _LIBRARY / "chain.py", _LIBRARY / "project.py"
STEPS = (  # of the chain, which are rules and scripts too
    "sample_dataset",
    "train_degraded",
    "train_improved",
    "validate",
    "extract_signatures",
    "format_records",
)
_IMPORT = re.compile(
    rf"^\s*(?:from ({_PACKAGE}[\w.]*) import (\([^)]*\)|[^\n]*)|import ({_PACKAGE}\.[\w.]+))", re.MULTILINE
)
_FILE_NAME = re.compile(r'"(\w+\.\w+)"')
_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<string>[bBfFrRuU]{0,2}(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}
                                  |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    |(?P<newline>\\?\n[ \t]*)
    |(?P<space>[ \t]+)
    |(?P<word>\w+)
    |(?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
_INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
_C_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


@dataclass(frozen=True, order=True)
class Source:
    """A file of the library, or one definition in it: a function, a class's head, or a member as "Project.pools"."""

    path: Path
    definition: str = ""

    @property
    def name(self) -> str:
        """Which one it is, wherever the library lies."""
        return f"{self.path.relative_to(_LIBRARY).as_posix()}:{self.definition}"


_BY_DEFINITION = (_CHAIN, _PROJECT)
_BY_DEFINITION_WHOLE = (Source(_CHAIN), Source(_PROJECT))


def chain_digest() -> str:
    """sha256, hex, of all that decides what an example contains: the code behind the six steps of its chain."""
    return _digest(_reached(Source(_CHAIN, step) for step in STEPS))


def script_digest(script: Path) -> str:
    """sha256, hex, of the library's code that a script reaches."""
    return _digest(sources(script))


def sources(script: Path) -> list[Source]:
    """The library's code that a script reaches by what it mentions, in a fixed order; files of other kinds that a
    module names, as a C source beside it and what that includes, are code too."""
    return _reached(_mentioned(script, [_parse(script)]))


def _digest(parts: Iterable[Source]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        text = _text(part)
        digest.update(f"{part.name}\n{len(text)}\n{text}".encode())
    return digest.hexdigest()


def _reached(roots: Iterable[Source]) -> list[Source]:
    reached: set[Source] = set()
    waiting = set(roots)
    while waiting:
        part = waiting.pop()
        reached.add(part)
        waiting |= set(_next(part)) - reached
    return sorted(reached)


@cache
def _next(part: Source) -> frozenset[Source]:
    if part.path.suffix != ".py":
        return frozenset(Source(part.path.with_name(name)) for name in _INCLUDE.findall(_read(part.path)))
    if part.definition:
        return frozenset(_mentioned(part.path, _definitions(part.path)[part.definition]))
    named = (part.path.with_name(name) for name in _FILE_NAME.findall(_read(part.path)))  # what a module reads
    files = (Source(path) for path in named if path.suffix != ".py" and path.is_file())
    return frozenset([*_imported(part.path).values(), *files])


# What mentions what


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")  # universal newlines


@cache
def _parse(path: Path) -> ast.Module:
    return ast.parse(_read(path))


@cache
def _imported(path: Path) -> dict[str, Source]:
    """By the name that an import binds, wherever it stands, the part of the library that it is of."""
    found = {}
    for package, names, module in _IMPORT.findall(_read(path)):
        if module:
            found[module] = Source(_LIBRARY.joinpath(*module.split(".")[1:]).with_suffix(".py"))
            continue
        folder = _LIBRARY.joinpath(*package.split(".")[1:])
        for listed in re.sub(r"#[^\n]*|[()\n]", " ", names).split(","):
            name, _, bound = listed.strip().partition(" as ")
            if name:
                inside = (folder / name).with_suffix(".py")  # `from room import module`, or `from module import name`
                found[bound or name] = Source(inside) if inside.exists() else _source(folder.with_suffix(".py"), name)
    return found


def _source(path: Path, name: str) -> Source:
    return Source(path, name) if path in _BY_DEFINITION and name in _definitions(path) else Source(path)


@cache
def _definitions(path: Path) -> dict[str, list[ast.stmt]]:
    """The definitions of a module by name: what it assigns and defines, its classes' heads, and their members."""
    found: dict[str, list[ast.stmt]] = {}
    for node in _parse(path).body:
        if isinstance(node, ast.ClassDef):
            head = [child for child in node.body if not _is_member(child)]
            members = [child for child in node.body if isinstance(child, ast.FunctionDef) and _is_member(child)]
            found |= {node.name: head} | {f"{node.name}.{member.name}": [member] for member in members}
        elif isinstance(node, ast.FunctionDef):
            found[node.name] = [node]
        elif isinstance(node, ast.Assign):
            found |= {target.id: [node] for target in node.targets if isinstance(target, ast.Name)}
    return found


def _is_member(node: ast.stmt) -> bool:
    """Whether a statement of a class counts by itself: a method or a property, but not how an object begins."""
    return isinstance(node, ast.FunctionDef) and node.name != "__init__"


def _mentioned(path: Path, nodes: Iterable[ast.AST]) -> Iterator[Source]:
    """The library's code that definitions, or a script, name: imports, their module's own definitions, and members of
    Project. A member is known by its name alone, whatever it is asked of: one too many is no harm."""
    imported = _imported(path)
    own = _definitions(path) if path in _BY_DEFINITION else {}
    members = {name.partition(".")[2]: name for name in _definitions(_PROJECT) if "." in name}
    for node in (inner for outer in nodes for inner in ast.walk(outer)):
        if isinstance(node, ast.Name) and node.id in imported:
            if imported[node.id] not in _BY_DEFINITION_WHOLE:  # of these, what is asked of them
                yield imported[node.id]
        elif isinstance(node, ast.Name) and node.id in own:
            yield Source(path, node.id)
        elif isinstance(node, ast.Attribute):
            if node.attr in members:
                yield Source(_PROJECT, members[node.attr])
            module = imported.get(node.value.id) if isinstance(node.value, ast.Name) else None
            if module in _BY_DEFINITION_WHOLE and node.attr in _definitions(module.path):
                yield Source(module.path, node.attr)


# What counts of a text


def _text(part: Source) -> str:
    if part.path.suffix in (".c", ".h"):
        return " ".join(_C_COMMENT.sub(" ", _read(part.path)).split())
    if part.path.suffix != ".py":
        return _read(part.path)
    lines = _lines_of(part)
    return "\0".join(text for line, text in _tokens(part.path) if lines is None or line in lines)


def _lines_of(part: Source) -> set[int] | None:
    """The lines that a definition stands on, decorators included; None for a whole module."""
    if not part.definition:
        return None
    lines: set[int] = set()
    for node in _definitions(part.path)[part.definition]:
        first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
        lines |= {*range(first, (node.end_lineno or first) + 1)}
    return lines


@cache
def _tokens(path: Path) -> list[tuple[int, str]]:
    """A module's tokens and their lines, without comments, docstrings and layout: equal for equal programs.

    A line's indentation is a token, where the line begins a statement; a statement that is a string alone does nothing
    and is left out. By an expression of its own, since Python's tokenizer takes ten times as long, and takes f-strings
    apart from Python 3.12 on.
    """
    kept: list[tuple[int, str]] = []
    line, depth, indentation = 1, 0, ""
    begins, lonely = True, False  # at the beginning of a statement; after a string that began one
    for match in _TOKEN.finditer(_read(path)):
        kind, text = match.lastgroup, match.group()
        if kind == "newline" and not depth and text[0] == "\n":
            if lonely:
                kept.pop()
            indentation, begins, lonely = text[1:], True, False
        elif kind not in ("newline", "space", "comment"):
            depth += (text in "([{") - (text in ")]}")
            lonely = begins and kind == "string"
            kept.append((line, f"{indentation}\n{text}" if begins else text))
            begins = False
        line += text.count("\n")
    return kept
