"""Digests of the code that results depend on, so that an edit of it is seen, and an edit of anything else is not.

Snakemake sees a script's own change alone, and by its time stamp. What a result depends on are the library's modules
that are reached from the step that makes it. Modules count whole, but for two: chain.py and project.py, which name all
of the library, count definition by definition, so that the formatter is no part of training. Comments, docstrings and
layout do not count; scripts, which load, call and save, are where the search begins and do not count themselves.
"""

import ast
import hashlib
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_LIBRARY = Path(__file__).parents[1]
_PACKAGE = _LIBRARY.name
_CHAIN, _PROJECT = _LIBRARY / "chain.py", _LIBRARY / "project.py"
_STEPS = (
    "sample_dataset",
    "train_degraded",
    "train_improved",
    "validate",
    "extract_signatures",
    "format_records",
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
    return _digest(_reached(Source(_CHAIN, step) for step in _STEPS))


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
        included = _INCLUDE.findall(part.path.read_text(encoding="utf-8"))
        return frozenset(Source(part.path.with_name(name)) for name in included)
    tree = _parse(part.path)
    if part.definition:
        return frozenset(_mentioned(part.path, _definitions(part.path)[part.definition]))
    return frozenset([*_imported(tree).values(), *_named_files(part.path, tree)])


# What mentions what


@cache
def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imported(tree: ast.AST) -> dict[str, Source]:
    """By the name that an import binds, wherever it stands, the part of the library that it is of."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == _PACKAGE:
            folder = _LIBRARY.joinpath(*(node.module or "").split(".")[1:])
            for alias in node.names:
                module = (folder / alias.name).with_suffix(".py")  # `from room import module`
                of_module = folder.with_suffix(".py")  # `from module import name`
                bound = alias.asname or alias.name
                found[bound] = _source(module, "") if module.exists() else _source(of_module, alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith(f"{_PACKAGE}."):
                    found[alias.name] = _source(_LIBRARY.joinpath(*alias.name.split(".")[1:]).with_suffix(".py"), "")
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
    imported = _imported(_parse(path))
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


def _named_files(path: Path, tree: ast.AST) -> Iterator[Source]:
    """Files of other kinds beside a module whose names stand in it: what it reads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[\w.]+\.\w+", node.value):
            named = path.with_name(node.value)
            if named.suffix != ".py" and named.is_file():
                yield Source(named)


# What counts of a text


def _text(part: Source) -> str:
    if part.path.suffix in (".c", ".h"):
        return " ".join(_C_COMMENT.sub(" ", part.path.read_text(encoding="utf-8")).split())
    if part.path.suffix != ".py":
        return part.path.read_text(encoding="utf-8")  # universal newlines
    lines = _lines_of(part)
    return "\n".join(text for line, text in _tokens(part.path) if lines is None or line in lines)


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
    """A module's tokens and their lines: without comments, docstrings and layout, so equal for equal programs."""
    text = path.read_text(encoding="utf-8")
    dropped, lines = _docstrings(_parse(path)), text.splitlines(keepends=True)
    kept: list[tuple[int, str]] = []
    nested, start = 0, (1, 0)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = tokenize.tok_name[token.type]
        if kind in ("FSTRING_START", "TSTRING_START"):  # Python 3.12 and later give their parts: taken whole here
            start, nested = (start if nested else token.start), nested + 1
        elif kind in ("FSTRING_END", "TSTRING_END"):
            nested -= 1
            if not nested:
                kept.append((start[0], _between(lines, start, token.end)))
        elif not nested and kind not in ("COMMENT", "NL", "ENDMARKER") and token.start not in dropped:
            kept.append((token.start[0], kind if kind in ("INDENT", "DEDENT", "NEWLINE") else token.string))
    return kept


def _docstrings(tree: ast.Module) -> set[tuple[int, int]]:
    """Where docstrings begin: line, from 1, and column in characters, as of tokens."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add((first.lineno, first.col_offset))  # only spaces stand before it: bytes are characters
    return found


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    (first, left), (last, right) = start, end
    if first == last:
        return lines[first - 1][left:right]
    return "".join([lines[first - 1][left:], *lines[first : last - 1], lines[last - 1][:right]])
