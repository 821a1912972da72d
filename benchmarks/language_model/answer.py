"""A language model's answers to a file of prompts. Needs transformers, which TRL brings.

    subject-zoo prompts results/dataset --task classification --records 500 -o prompts.jsonl
    python benchmarks/language_model/answer.py tuned prompts.jsonl completions.jsonl
    python benchmarks/language_model/answer.py Qwen/Qwen3-0.6B prompts.jsonl zero_shot.jsonl --chat
    subject-zoo score results/dataset completions.jsonl --records 500

Prompts go to the model as they stand, or, with `--chat`, as what a user says, without thinking aloud. The likeliest
token is taken each time. A line is written for each prompt at once; those that the file holds already are not asked
again.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a folder, or a repository on the Hub")
    parser.add_argument("prompts", type=Path, help="what subject-zoo prompts wrote")
    parser.add_argument("answers", type=Path, help="what subject-zoo score reads")
    parser.add_argument("--chat", action="store_true", help="by the model's chat template")
    parser.add_argument("--most-tokens", type=int, default=200, help="in an answer; a whole network has thousands")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> None:
    options = arguments(words)
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    device, dtype = ("cuda", torch.bfloat16) if torch.cuda.is_available() else ("cpu", torch.float32)
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=dtype).to(device).eval()
    known = options.answers.read_text().splitlines() if options.answers.exists() else []
    done = {(answer["example_id"], answer["task"]) for answer in map(json.loads, known)}
    with options.prompts.open() as prompts, options.answers.open("a") as answers:
        for question in map(json.loads, prompts):
            asked = question.pop("prompt")
            if (question["example_id"], question["task"]) in done:
                continue
            if options.chat:
                said = [{"role": "user", "content": asked}]
                asked = tokenizer.apply_chat_template(
                    said, tokenize=False, add_generation_prompt=True, enable_thinking=False
                )
            tokens = tokenizer(asked, add_special_tokens=not options.chat, return_tensors="pt").to(device)
            with torch.inference_mode():
                whole = model.generate(**tokens, max_new_tokens=options.most_tokens, do_sample=False)
            text = tokenizer.decode(whole[0, tokens["input_ids"].shape[1] :], skip_special_tokens=True)
            answers.write(json.dumps({**question, "completion": text}) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
