"""The recipe of docs/fine-tuning.md, its scripts and their words, on a random model of Qwen 3's kind."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest

pytest.importorskip("trl")

from datasets import load_dataset

from subject_zoo.cli import main
from subject_zoo.records.headings import ARCHITECTURE_HEADING, QUESTION_HEADING
from tests.integrations.tiny_model import save_tiny_model, small_tokenizer

pytestmark = pytest.mark.integrations

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks" / "language_model"))

import answer  # noqa: E402
import fine_tune  # noqa: E402

QWEN, LENGTH = "Qwen/Qwen3-0.6B", "4096"  # as the page has them
LONGEST = 32_768


@pytest.fixture(scope="module")
def folder(finished, tmp_path_factory) -> Path:
    """Where results/dataset is one, and random/ a model."""
    folder = tmp_path_factory.mktemp("recipe")
    (folder / "results").mkdir()
    (folder / "results/dataset").symlink_to(finished)
    table = load_dataset(str(finished), "classification", split="train", cache_dir=str(folder / "cache"))
    save_tiny_model(folder / "random", small_tokenizer([*table["prompt"], *table["completion"]]), LONGEST)
    return folder


@pytest.fixture(autouse=True)
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(folder / "cache"))


def typed(program: str) -> list[list[str]]:
    """What the page tells to type of a program, for the small model and few steps."""
    page = (ROOT / "docs/fine-tuning.md").read_text(encoding="utf-8")
    lines = [line for block in re.findall(r"^```bash\n(.*?)^```$", page, re.M | re.S) for line in block.splitlines()]
    words = [shlex.split(line) for line in lines if line.startswith(program)]
    stand_for = {QWEN: "random", LENGTH: str(LONGEST)}
    return [[stand_for.get(word, word) for word in line[len(program.split()) :]] for line in words]


def test_the_page_from_top_to_bottom(folder, finished, capsys):
    [asking] = typed("subject-zoo prompts")
    assert main(["prompts", *asking, "--trust"]) == 0
    before, after = typed("python benchmarks/language_model/answer.py")
    [training] = typed("python benchmarks/language_model/fine_tune.py")
    answer.main([*before, "--most-tokens", "3"])
    capsys.readouterr()
    fine_tune.main([*training, "--model", "random", "--steps", "2", "--batch", "2", "--looks", "1"])
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["gap"] == pytest.approx(last["dealt_out"] - last["true"])
    assert last["true"] > 0
    answer.main([*after, "--most-tokens", "3"])
    questions = [json.loads(line) for line in (folder / "prompts.jsonl").read_text().splitlines()]
    for name in ("zero_shot.jsonl", "completions.jsonl"):
        lines = [json.loads(line) for line in (folder / name).read_text().splitlines()]
        assert [line["example_id"] for line in lines] == [question["example_id"] for question in questions]
        assert all(set(line) == {"example_id", "task", "completion"} for line in lines)
    answer.main([*after, "--most-tokens", "3"])  # asks nothing twice
    assert len((folder / "completions.jsonl").read_text().splitlines()) == len(questions)
    scoring, _ = typed("subject-zoo score")
    assert main(["score", *scoring, "--trust"]) == 0
    assert "classification" in capsys.readouterr().out


def test_what_does_not_fit_is_said_before_any_training(folder):
    [training] = typed("python benchmarks/language_model/fine_tune.py")
    with pytest.raises(SystemExit, match=r"--max-length is 100; it must be at least \d+, the tokens of the longest"):
        fine_tune.main([*training, "--model", "random", "--max-length", "100"])
    assert not (folder / "tuned" / "config.json").exists() or (folder / "completions.jsonl").exists()


@pytest.mark.parametrize("task", ["modification", "classification"])
def test_networks_are_dealt_out_and_nothing_else_changes(finished, folder, task):
    rows = load_dataset(str(finished), task, split="train", cache_dir=str(folder / "cache"))
    rows = rows.select_columns(["prompt", "completion"])
    others = fine_tune.dealt_out(rows, seed=0)
    assert list(others["completion"]) == list(rows["completion"])

    def parts(prompt):
        head, _, rest = prompt.partition(ARCHITECTURE_HEADING)
        network, _, question = rest.partition(QUESTION_HEADING)
        return (head, question), network

    own, dealt = ([parts(prompt) for prompt in table["prompt"]] for table in (rows, others))
    assert [words for words, _ in own] == [words for words, _ in dealt]
    assert sorted(network for _, network in own) == sorted(network for _, network in dealt)
    assert all(mine != another for (_, mine), (_, another) in zip(own, dealt, strict=True))
