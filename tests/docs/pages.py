"""Pages of the repository, and what is written in them to be typed or read."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted((ROOT / "docs").glob("*.md"))
RUN_WITH_README = ("judging.md", "making.md", "one-record.md", "running.md")  # by tests/workflow/test_readme.py
RUN_WITH_INTEGRATIONS = ("integrations.md", "weight-space.md")  # their Python, by tests/integrations
RUN_HERE = [page for page in DOCS if page.name not in RUN_WITH_README]
PROGRAMS = (
    "make", "snakemake", "subject-zoo", "hf", "pip", "pytest", "python", "conda", "apptainer", "docker", "sbatch",
)  # fmt: skip


def code_blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page in a language, "" for those that name none."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [text for named, text in found if named == language]


def commands(page: Path) -> list[str]:
    """What a page tells to type: the lines of its blocks of bash, and code in its text that begins as a command."""
    lines = [line for block in code_blocks(page, "bash") for line in block.replace("\\\n", " ").splitlines()]
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return list(dict.fromkeys([*lines, *re.findall(rf"`((?:{'|'.join(PROGRAMS)}) [^`]+)`", text)]))
