"""A task's configuration can be trained on as it is: TRL's own preparation and collator see every completion.

Skipped where TRL is not installed, which the project does not need: pip install trl
"""

import pytest
from datasets import load_dataset

from tests.finished_dataset import finished

trl = pytest.importorskip("trl", reason="TRL is not installed")
transformers = pytest.importorskip("transformers")

__all__ = ["finished"]  # a fixture
LONGEST = 60_000  # tokens; every character is one here


@pytest.fixture(scope="module")
def tokenizer():
    """One token a character, so that none is lost."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    vocabulary = {chr(code): code for code in range(32, 127)} | {"\n": 0, "<unk>": 1, "<end>": 2}
    characters = Tokenizer(models.WordLevel(vocabulary, "<unk>"))
    characters.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    characters.decoder = decoders.Fuse()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=characters, unk_token="<unk>", eos_token="<end>", pad_token="<end>"
    )


@pytest.fixture(scope="module")
def model(tokenizer):
    sizes = {"n_embd": 8, "n_layer": 1, "n_head": 1, "n_positions": LONGEST}
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(vocab_size=127, **sizes))


def trainer_of(model, tokenizer, dataset, folder, **options):
    arguments = trl.SFTConfig(output_dir=str(folder), report_to="none", use_cpu=True, bf16=False, **options)
    return trl.SFTTrainer(model, arguments, train_dataset=dataset, processing_class=tokenizer)


def supervised_text(trainer, tokenizer, rows) -> list[str]:
    """What the loss of a batch is over, row by row, as text."""
    batch = trainer.data_collator([trainer.train_dataset[row] for row in rows])
    texts = []
    for tokens, labels in zip(batch["input_ids"].tolist(), batch["labels"].tolist(), strict=True):
        kept = [token for token, label in zip(tokens, labels, strict=True) if label != -100]
        texts.append(tokenizer.decode(kept, skip_special_tokens=True))
    return texts


@pytest.mark.parametrize("task", ["modification", "classification"])
def test_every_completion_is_supervised_whole(finished, tmp_path, tokenizer, model, task):
    dataset = load_dataset(str(finished), task, cache_dir=str(tmp_path / "cache"))["train"]
    trainer = trainer_of(model, tokenizer, dataset, tmp_path, max_length=LONGEST, completion_only_loss=True)
    assert len(trainer.train_dataset) == len(dataset) > 1
    assert supervised_text(trainer, tokenizer, [0, 1]) == [dataset[row]["completion"] for row in (0, 1)]


def test_the_default_length_leaves_nothing_to_learn_from(finished, tmp_path, tokenizer, model):
    """The trap that the dataset card warns of."""
    dataset = load_dataset(str(finished), "classification", cache_dir=str(tmp_path / "cache"))["train"]
    trainer = trainer_of(model, tokenizer, dataset, tmp_path, completion_only_loss=True)
    assert len(trainer.train_dataset) == 0 or set(supervised_text(trainer, tokenizer, [0])) == {""}
