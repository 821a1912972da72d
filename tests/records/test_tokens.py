"""Tokens are counted by the tokenizer that is named, and none is joined from a prompt and its completion."""

import json
import re

import pytest

from subject_zoo.base.errors import UserError
from subject_zoo.records.tokens import check_tokenizer, token_counter
from tests.records.made import COLUMNS

SPLITS = {  # of words, in front of the merging of bytes
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "cl100k": r"[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
}


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("form", ["full", "patch"])
def test_no_tokenizer_joins_a_prompt_to_its_completion(plain, split, form):
    """Tokens are learned from these very texts: whatever can be joined, is."""
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    pre = tokenizers.pre_tokenizers
    words = pre.Split(tokenizers.Regex(SPLITS[split]), "isolated")
    tokenizer.pre_tokenizer = pre.Sequence([words, pre.ByteLevel(add_prefix_space=False, use_regex=False)])
    records = [record for _, record in plain.records({"format": {"modification_completion": form}})]
    pairs = [
        (r[f"{task}_prompt"], r[f"{task}_completion"]) for r in records for task in ("modification", "classification")
    ]
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=4000, initial_alphabet=pre.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator([prompt + completion for prompt, completion in pairs], trainer)
    for prompt, completion in pairs:
        apart = [*tokenizer.encode(prompt).ids, *tokenizer.encode(completion).ids]
        assert tokenizer.encode(prompt + completion).ids == apart


def test_tokens_are_counted_by_a_tokenizer_file(plain, tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0, "network": 1}, "[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    path = tmp_path / "tokenizer.json"
    tokenizer.enable_truncation(max_length=3)  # as some are saved: all of a text counts nevertheless
    tokenizer.enable_padding(length=50)
    tokenizer.save(str(path))
    count = token_counter(str(path))
    assert count("A neural network reads\na sequence ") == 6
    record = plain.formatter(count_tokens=count).format(*plain.examples[3].parts)
    lengths = json.loads(record["metadata"])["lengths"]
    for name in (*COLUMNS["modification"], *COLUMNS["classification"]):
        assert lengths[f"{name}_tokens"] == len(record[name].split())
    path.write_text('{"a file": "of another kind"}')
    with pytest.raises(UserError, match=re.escape(str(path))) as error:
        token_counter(str(path))
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["mine.json", "no/such/tokenizer.json", "/no/such", "./tokenizers", "a b", "..//x"])
def test_a_tokenizer_that_can_only_be_a_missing_file_is_one_line(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for check in (check_tokenizer, token_counter):
        with pytest.raises(
            UserError, match=r"^format.tokenizer is .*; there is no such file, and it is no name on the Hub"
        ):
            check(name)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match=r"format\.tokenizer is 'folder'; there is no such file"):
        check_tokenizer("folder")
    (tmp_path / "mine.json").touch()
    for found in ("mine.json", "./mine.json", None, "gpt2", "Qwen/Qwen2.5-0.5B", "hf-internal/hf_tokenizers"):
        check_tokenizer(found)


def test_no_tokenizer_counts_nothing():
    assert token_counter(None) is None
