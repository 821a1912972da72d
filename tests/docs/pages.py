"""Pages of the repository, and what is written in them to be typed or read."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PROGRAMS = (
    "make", "snakemake", "subject-zoo", "hf", "pip", "pytest", "python", "conda", "apptainer", "docker", "sbatch",
)  # fmt: skip


def code_blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page in a language, "" for those that name none."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [text for named, text in found if named == language]


def commands(page: Path) -> list[str]:
    """What a page tells to type: lines of blocks without a language, and code in the text that begins as one."""
    lines = [line for block in code_blocks(page, "") for line in block.replace("\\\n", " ").splitlines()]
    typed = [line.partition("  #")[0].strip() for line in lines if not line.startswith(("config: ", " "))]
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    inline = re.findall(rf"`((?:{'|'.join(PROGRAMS)}) [^`]+)`", text)
    return list(dict.fromkeys([*filter(None, typed), *inline]))
