"""What a repository is read by beside its code: links, how it is cited, what changed, what rules say they do."""

import re
import subprocess
import tomllib
from datetime import date

import pytest
import yaml
from jsonschema import Draft7Validator

import subject_zoo
from tests.docs.pages import DOCS, ROOT

PAGES = [*DOCS, *(ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "README.md", "benchmarks/README.md"))]
TEXT = {"type": "string", "minLength": 1}
# Of the Citation File Format 1.2.0, what this project's file uses.
CITATION = {
    "type": "object",
    "required": ["authors", "cff-version", "message", "title"],
    "additionalProperties": False,
    "properties": {
        "cff-version": {"const": "1.2.0"},
        "message": TEXT,
        "title": TEXT,
        "abstract": TEXT,
        "type": {"enum": ["software", "dataset"]},
        "authors": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": False,
                "properties": {"name": TEXT},
            },
        },
        "version": TEXT,
        "license": {"const": "MIT"},
        "keywords": {"type": "array", "minItems": 1, "uniqueItems": True, "items": TEXT},
        "date-released": {"type": "string", "pattern": r"^\d{4}-(0[1-9]|1[012])-(0[1-9]|[12]\d|3[01])$"},
    },
}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    """Of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    for target, _, anchor in re.findall(r"\]\((?![a-z]+:)([^)#]*)(#([^)]*))?\)", page.read_text(encoding="utf-8")):
        there = page.parent / target if target else page
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there.read_text(encoding="utf-8")), f"{target}#{anchor}"


@pytest.mark.parametrize("listing", ["docs/index.md", "README.md", "mkdocs.yml"])
def test_every_page_is_listed(listing):
    lacking = {page.name for page in DOCS if page.name not in read(listing)} - {"index.md"}
    assert not lacking, f"{listing} leads to none of these"


def test_it_can_be_cited():
    citation = yaml.safe_load(read("CITATION.cff"))
    if isinstance(released := citation.get("date-released"), date):
        citation["date-released"] = released.isoformat()
    Draft7Validator(CITATION).validate(citation)
    assert citation["version"] == subject_zoo.__version__
    assert citation["license"] == tomllib.loads(read("pyproject.toml"))["project"]["license"]


def test_changes_are_told_up_to_this_version():
    versions = re.findall(r"^## \[(.+?)\] - (unreleased|\d{4}-\d{2}-\d{2})$", read("CHANGELOG.md"), re.MULTILINE)
    assert len(versions) == len(re.findall(r"^## ", read("CHANGELOG.md"), re.MULTILINE))
    assert versions[0][0] == subject_zoo.__version__
    kinds = set(re.findall(r"^### (.*)$", read("CHANGELOG.md"), re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_every_rule_says_what_it_does():
    for path in [ROOT / "Snakefile", *(ROOT / "rules").glob("*.smk")]:
        for rule, first in re.findall(
            r"^(?:rule|checkpoint) (\w+):\n +(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            assert re.fullmatch(r'"""[A-Z].*\."""', first), f"{path.name}: {rule}"


def test_the_catalogue_is_told_what_it_reads():
    told = yaml.safe_load(read(".snakemake-workflow-catalog.yml"))["usage"]
    assert set(told) == {"mandatory-flags", "software-stack-deployment"}
    deployment = told["software-stack-deployment"]
    assert set(deployment) == {"conda", "apptainer", "apptainer+conda", "report"}
    rules = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "rules").glob("*.smk"))
    assert deployment["conda"] == ("    conda:\n" in rules)
    assert deployment["apptainer"] == ("    container:\n" in rules)
    assert deployment["report"] == ("report(" in rules)


@pytest.mark.parametrize("name", ["requirements-site.txt", "requirements-integrations.txt"])
def test_what_has_an_environment_of_its_own_is_pinned(name):
    pins = [line for line in read(name).splitlines() if not line.startswith("#")]
    assert pins
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins)


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="what is tracked, only git knows")
def test_nothing_that_is_tracked_is_a_link():
    """A link leads to a place of one machine: that of an environment kept others from making theirs."""
    tracked = subprocess.run(
        ["git", "ls-files", "--stage"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert tracked
    assert [line for line in tracked.splitlines() if line.startswith("120000")] == []
