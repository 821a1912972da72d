"""docs/integrations.md does what it says: its Python with a tiny model in the place of a large one, its commands with a
model that is a table."""

import re
import runpy
import shlex
import shutil
import sys
from importlib.metadata import entry_points
from pathlib import Path

import inspect_ai
import pytest
import yaml
from datasets import load_dataset

from tests.docs.pages import ROOT, code_blocks, commands
from tests.finished_dataset import tiny_config
from tests.integrations.chat_server import chat_server
from tests.integrations.tiny_model import save_tiny_model, small_tokenizer

pytestmark = pytest.mark.integrations
PAGE = ROOT / "docs/integrations.md"
HERE = "report_to='none', use_cpu=True, bf16=False, max_steps=1, per_device_train_batch_size=2"
PLACES = {  # what a test has no time for, and what stands for it
    "Qwen/Qwen3-0.6B": "model",
    "SFTConfig(": f"SFTConfig({HERE}, ",
    "GRPOConfig(max_completion_length=16_384": f"GRPOConfig({HERE}, num_generations=2, max_completion_length=4",
    'model="openai/gpt-5"': "model=MODEL, display='none'",
}


@pytest.fixture
def folder(finished, tmp_path, monkeypatch) -> Path:
    """A folder to work in, with a dataset, a configuration, and a tiny model."""
    shutil.copytree(finished, tmp_path / "results/dataset")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tiny_config()))
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "HF_DATASETS_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return tmp_path


def test_python_prints_what_it_claims(folder, capsys):
    rows = load_dataset("results/dataset", "modification", split="train")
    save_tiny_model(folder / "model", small_tokenizer([*rows["prompt"], *rows["completion"]]), 32_768)
    output = inspect_ai.model.ModelOutput.from_content("mockllm", "palindrome")
    output.usage = inspect_ai.model.ModelUsage()
    mock = inspect_ai.model.get_model("mockllm/model", custom_outputs=lambda *asked: output)
    blocks = code_blocks(PAGE, "python")
    code = "\n".join(blocks)
    for place, stand_in in PLACES.items():
        assert place in code
        code = code.replace(place, stand_in)
    exec(compile(code, PAGE.name, "exec"), {"MODEL": mock})
    printed = capsys.readouterr().out.splitlines()
    claimed = re.findall(r"^print\(.*\)  # (.*)$", "\n".join(blocks), re.MULTILINE)
    assert [line for line in printed if line in claimed] == claimed


@pytest.fixture
def run(monkeypatch, capsys):
    """What runs a command in this process, which has loaded all that it needs: what it prints, if it succeeds."""

    def run(program: str, *arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", [program, *arguments])
        status = None
        try:
            if program == "python":
                monkeypatch.setattr(sys, "argv", [*arguments[1:]])
                runpy.run_module(arguments[1], run_name="__main__")
            else:
                [found] = entry_points(group="console_scripts", name=program)
                found.load()()
        except SystemExit as end:
            status = end.code
        told = "".join(capsys.readouterr())
        assert not status, f"{program} {shlex.join(arguments)}\n{told}"
        return told

    return run


def test_commands_do_what_they_say(folder, run):
    told = [shlex.split(command) for command in commands(PAGE)]
    by_program = {program: [words for words in told if words[0] == program] for program, *_ in told}
    assert set(by_program) == {"pip", "make", "vf-validate", "vf-eval", "inspect", "python", "lm-eval"}
    for words in by_program["vf-validate"]:
        assert "valid" in run(*words, "--no-rich")
    with chat_server({}) as (url, requests):
        for words in by_program["vf-eval"]:
            few = [word.replace("100", "2") for word in words]
            run(*few, "--client.base-url", url, "--client.api-key-var", "NONE", "--no-push", "--no-rich")
        assert len(requests) > 2
    for words in by_program["python"]:
        assert "subject_zoo_modification.yaml" in run(*words)
    validating, running = by_program["lm-eval"]
    assert "All tasks found and valid" in run(*validating)
    stand_in = {"hf": "dummy", "pretrained=Qwen/Qwen3-0.6B": "write_out=False"}
    assert "passed" in run(*(stand_in.get(word, word) for word in running))
