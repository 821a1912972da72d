"""What is kept of a record beside the verdict on its example, so that a dataset's figures need no long text."""

from collections.abc import Mapping, Sequence
from typing import Any

from subject_zoo.base.files import digest_of
from subject_zoo.base.json_text import parse_json
from subject_zoo.base.terms import ABLATION, RECORD_SUMMARY, TASKS

UNITS = ("chars", "tokens")  # of a text's length


def summarise_records(
    verdicts: Mapping[int, Mapping[str, Any]], records: Sequence[Mapping[str, Any]]
) -> dict[int, dict[str, Any]]:
    """Verdicts by example id, each with what `summarise_record` says of its record, None where it has none; without the
    effects of neurons, of which no figure of a dataset is made."""
    summaries = {record["example_id"]: summarise_record(record) for record in records}
    kept = {i: {key: value for key, value in verdict.items() if key != ABLATION} for i, verdict in verdicts.items()}
    return {i: {**verdict, RECORD_SUMMARY: summaries.get(i)} for i, verdict in kept.items()}


def summarise_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the figures of a dataset need of a record's long texts: a digest by which equal models are found, and how
    long its texts are: by task the characters of the prompt, and of prompt and completion together `chars` and, where
    they were counted, `tokens`."""
    prompts = {task: record[f"{task}_prompt"] for task in TASKS if f"{task}_prompt" in record}
    lengths = parse_json(record["metadata"])["lengths"]
    return {
        "weights_sha256": digest_of(record["improved_model_weights"].encode()),
        "prompt_chars": {task: len(prompt) for task, prompt in prompts.items()},
        **{
            unit: {
                task: lengths[f"{task}_prompt_{unit}"] + lengths[f"{task}_completion_{unit}"]
                for task in prompts
                if f"{task}_prompt_{unit}" in lengths
            }
            for unit in UNITS
        },
    }
