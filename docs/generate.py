"""Writes what pages of docs/ say of the configuration, the commands and the Makefile, from these themselves.

    make docs

Such a part of a page stands between `<!-- NAME: written by make docs -->` and `<!-- end -->`, NAME a key of PARTS.
"""

import argparse
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from subject_zoo.cli import command_line
from subject_zoo.config.mistakes import must_be
from subject_zoo.config.schema import load_schema
from subject_zoo.config.sections import LOGISTICS

DOCS = Path(__file__).parent
ROOT = DOCS.parent
PART = re.compile(r"(?<=<!-- )([\w-]+)(: written by make docs -->\n).*?(?=<!-- end -->)", re.DOTALL)


def filled(page: str) -> str:
    """A page with its written parts as they have to be."""
    return PART.sub(lambda found: f"{found[1]}{found[2]}\n{PARTS[found[1]]()}\n\n", page)


def configuration() -> str:
    """Each section: what it is for, as it stands in config.yaml, and what may stand at its keys."""
    schema = load_schema()
    sections = {name: rule for name, rule in schema["properties"].items() if rule["type"] == "object"}
    texts = config_by_section(sections)
    top = {key: rule for key, rule in schema["properties"].items() if key not in sections}
    pages = [_section("The run as a whole", "Keys at the top level.", texts[None], top)]
    pages += [
        _section(f"`{name}`", rule["description"], texts[name], rule["properties"]) for name, rule in sections.items()
    ]
    return "\n\n".join(pages)


def _section(title: str, description: str, text: str, keys: dict[str, Any]) -> str:
    table = _table(("key", "it must be", "what it is"), _keys(keys))
    return f"## {title}\n\n{description}\n\n```yaml\n{_comments_above(text)}\n```\n\n{table}"


def _comments_above(text: str) -> str:
    """YAML whose comments stand above what they are of, where narrow pages have room for them."""
    lines = []
    for line in text.splitlines():
        value, _, comment = re.sub(r"(^|\s)# ", "\0", line, count=1).partition("\0")
        indent = " " * (len(line) - len(line.lstrip()))
        lines += [f"{indent}# {comment}"] if comment else []
        lines += [value.rstrip()] if value.strip() else []
    return "\n".join(lines)


def _keys(keys: dict[str, Any], section: str = "") -> Iterator[tuple[str, str, str]]:
    for key, rule in keys.items():
        yield f"`{section}{key}`", must_be(rule), rule["description"]
        yield from _keys(rule.get("properties", {}), f"{section}{key}.")


def config_by_section(names: Iterable[str]) -> dict[str | None, str]:
    """The text of config.yaml by section, each with the comment above it; of None what stands before all sections,
    without the comment at the file's beginning."""
    texts: dict[str | None, list[str]] = {None: []}
    section = None
    for paragraph in (ROOT / "config.yaml").read_text(encoding="utf-8").strip().split("\n\n")[1:]:
        first = next(line for line in paragraph.splitlines() if not line.startswith("#")).partition(":")[0]
        if first in names:
            section = first
        texts.setdefault(section, []).append(paragraph)
    return {name: "\n\n".join(paragraphs) for name, paragraphs in texts.items()}


def logistics() -> str:
    """The keys that change no record."""
    return ", ".join(f"`{key}`" for key in LOGISTICS) + "."


def commands() -> str:
    """Each command of subject-zoo: what it is for, how it is called, its arguments and options."""
    [listed] = [action for action in command_line()._actions if isinstance(action, argparse._SubParsersAction)]
    words = {command.dest: command.help for command in listed._choices_actions}
    return "\n\n".join(_command(name, words[name], parser) for name, parser in listed.choices.items())


def _command(name: str, words: str, parser: argparse.ArgumentParser) -> str:
    arguments = [action for action in parser._actions if action.dest != "help"]
    call = " ".join([parser.prog, *(_shown(action) for action in arguments if action.required)])
    rows = [(f"`{_shown(action)}`", action.help) for action in arguments]
    more = f" {parser.description}" if parser.description else ""
    return f"### `{name}`\n\n{_sentence(words)}{more}\n\n`{call}`\n\n{_table(('argument', 'what it is'), rows)}"


def _shown(action: argparse.Action) -> str:
    """An argument or an option, as it is typed."""
    name = action.metavar or action.dest.upper()
    if not action.option_strings:
        return str(name)
    return action.option_strings[-1] if action.nargs == 0 else f"{action.option_strings[-1]} {name}"


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:] + "."


def targets() -> str:
    """What make makes, by the comment at the Makefile's beginning."""
    head = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\n\n")[0]
    told = re.sub(r"\n# {3,}", " ", head)  # lines that go on
    rows = [(f"`{name}`", words) for name, words in re.findall(r"^# (make [\w-]+) +(.*)", told, re.MULTILINE)]
    return _table(("command", "what it does"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, *rows]
    shown = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([shown[0], "|" + "---|" * len(head), *shown[1:]])


PARTS = {"configuration": configuration, "logistics": logistics, "commands": commands, "targets": targets}


if __name__ == "__main__":
    for path in DOCS.glob("*.md"):
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
