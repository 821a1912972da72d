"""A prompt shows its own task's signature methods, as if there were no others."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from subject_zoo.networks.architecture import Architecture
from tests.records.made import KINDS, make_config, make_examples_of

PER_TASK = {"modification": ["mean", "pattern_wise"], "classification": ["std", "clustering"]}


@pytest.mark.parametrize("style", ["separate", "interwoven"])
@pytest.mark.parametrize("layers", ["hidden", "all"])
def test_a_prompt_shows_its_own_methods_as_if_there_were_no_others(own_pools, style, layers):
    """The columns have all that either task shows."""

    def records(methods: Any) -> list[dict[str, Any]]:
        signature = {"methods": methods, "layers": layers}
        config = make_config(KINDS["float32"], {"signature": signature, "format": {"style": style}})
        made = make_examples_of(config, own_pools)
        return [record for _, record in made.records()]

    both = records(PER_TASK)
    for task, own in PER_TASK.items():
        for record, alone in zip(both, records(own), strict=True):
            assert record[f"{task}_prompt"] == alone[f"{task}_prompt"]
            assert record[f"{task}_completion"] == alone[f"{task}_completion"]
    for record in both:
        signed = json.loads(record["improved_signature"])["neuron_activations"]
        names = Architecture.from_dict(json.loads(record["improved_model_weights"])["config"]).linear_names
        places = [name.removeprefix("network.") for name in names]
        assert list(signed) == (places if layers == "all" else places[:-1])
        for layer in signed.values():
            assert layer["layer_info"]["profile_methods"] == ["mean", "std", "clustering", "pattern_wise"]
        for task, own in PER_TASK.items():
            shown = {key.partition(".")[0] for key in re.findall(r'"([\w.]+)":\[', record[f"{task}_prompt"])}
            assert {name for name in shown if name != "network"} == set(own)
            if style == "separate":
                signature = json.loads(
                    record[f"{task}_prompt"].partition("## Activation signature\n")[2].partition("\n")[0]
                )
                assert list(signature) == list(signed)


def test_wide_numbers_of_one_task_widen_nothing_in_the_prompt_of_the_other(own_pools):
    made = make_examples_of(make_config(KINDS["float32"], {"signature": {"methods": PER_TASK}}), own_pools)
    others = made.extractor.columns(["mean", "pattern_wise"])
    for example, record in made.records():
        wide = {stage: signature.copy() for stage, signature in example.signatures.items()}
        for signature in wide.values():
            signature[:, others] *= 1e7
        changed = made.formatter().format(*replace(example, signatures=wide).parts)
        assert changed["classification_prompt"] == record["classification_prompt"]
        assert len(changed["modification_prompt"]) > len(record["modification_prompt"])
