"""Records: prompts and completions for interpreter models, and all that they were made from."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from subject_zoo.base.json_text import json_object
from subject_zoo.base.terms import ABLATION, AUDIT, TASKS
from subject_zoo.config.tasks import SHOWN_STAGES, tasks_of
from subject_zoo.examples.plan import ExamplePlan
from subject_zoo.networks.model import StoredModel
from subject_zoo.networks.text import tensor_texts
from subject_zoo.patterns.space import PatternSpace
from subject_zoo.records.diagnosis import diagnosis_text
from subject_zoo.records.patch import patch_text
from subject_zoo.records.prompts import Prompts, architecture_text
from subject_zoo.records.shuffle import shown_in
from subject_zoo.records.signature_text import SignatureText
from subject_zoo.signatures.choice import prompt_methods
from subject_zoo.signatures.extractor import ActivationSignatureExtractor
from subject_zoo.signatures.layers import signed_layers
from subject_zoo.training.rates import step_size


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


class TrainingDataFormatter:
    """Makes the record of one example; the same input gives the same bytes."""

    def __init__(
        self,
        config: Mapping[str, Any],
        space: PatternSpace,
        extractor: ActivationSignatureExtractor,
        provenance: Mapping[str, Any],
        count_tokens: Any = None,
    ) -> None:
        """`provenance` goes into every record's metadata; `count_tokens` (text -> int) adds token lengths."""
        self.config, self.extractor = config, extractor
        self.prompts = Prompts(config, space)
        self.provenance, self.count_tokens = provenance, count_tokens
        self.weight_decimals: int | None = config["model"]["weight_decimals"]
        self.signature_decimals: int = config["signature"]["decimals"]
        self.signature_text = SignatureText(extractor, self.signature_decimals)
        self.modification_form: str = config["format"]["modification_completion"]
        self.methods = prompt_methods(config)

    def format(
        self,
        plan: ExamplePlan,
        verdict: Mapping[str, Any],
        corruption: Mapping[str, int],
        models: Mapping[str, StoredModel],
        signatures: Mapping[str, np.ndarray],
    ) -> dict[str, str | int]:
        """The record, its columns as in COLUMNS without those that switches leave out.

        `models` are those that it is to hold, and `signatures` (float32 [neurons, F]) those of models that prompts
        show, by stage.
        """
        tensors = {stage: tensor_texts(model.weights, self.weight_decimals) for stage, model in models.items()}
        texts = {stage: json_object(of_model) for stage, of_model in tensors.items()}
        record: dict[str, str | int] = {"example_id": plan.example_id}
        for task in tasks_of(self.config["task_generation"]):
            stage = verdict["diagnosis"]["shown"] if task == "diagnosis" else SHOWN_STAGES[task][0]
            body = self._body(task, models[stage], tensors[stage], signatures[stage])
            record[f"{task}_prompt"] = self._ask(task, body, plan.target_pattern, plan.selected_patterns)
            record[f"{task}_completion"] = self._answer(task, verdict, models, texts)
        for stage, model in models.items():
            described = architecture_text(model.architecture)
            record[f"{stage}_model_weights"] = f'{{"config":{described},"weights":{texts[stage]}}}'
        for stage, signature in signatures.items():
            profiles = self.signature_text.profiles(self.signature_text.cells(signature))
            rows_of = self._signed_layers(models[stage])
            layers = {layer: self.signature_text.in_full(profiles[rows]) for layer, rows in rows_of.items()}
            record[f"{stage}_signature"] = json_object({"neuron_activations": json_object(layers)})
        if ABLATION in verdict:
            record[ABLATION] = _json(verdict[ABLATION])
        record["training_metrics"] = _json({stage: model.training for stage, model in models.items()})
        record["metadata"] = _json(self._metadata(plan, verdict, corruption, models["improved"], record))
        return record

    def prompt(
        self, task: str, model: StoredModel, signature: np.ndarray, target: str | None, selected: Sequence[str]
    ) -> str:
        """A task's prompt on any network, its weights rounded as published, and its signature float32 [neurons, F];
        `target` is what a modification is to mend, `selected` what a diagnosis lists."""
        body = self._body(task, model, tensor_texts(model.weights, self.weight_decimals), signature)
        return self._ask(task, body, target, selected)

    def _ask(self, task: str, body: str, target: str | None, selected: Sequence[str]) -> str:
        if task == "modification":
            return self.prompts.modification(str(target), body)
        if task == "classification":
            return self.prompts.classification(body)
        return self.prompts.diagnosis(selected, body)

    def _answer(
        self, task: str, verdict: Mapping[str, Any], models: Mapping[str, StoredModel], texts: Mapping[str, str]
    ) -> str:
        """A task's completion, from the verdict, both models and the texts of their weights, by stage."""
        if task == "modification":
            return self.mended(models, texts["improved"])
        if task == "classification":
            return ", ".join(verdict["classified_patterns"])
        return diagnosis_text(verdict["diagnosis"])

    def mended(self, models: Mapping[str, StoredModel], improved_text: str) -> str:
        """A modification's completion, from both models by stage: the improved one's text, or a patch to it."""
        if self.modification_form == "patch":
            return patch_text(models["degraded"].weights, models["improved"].weights, self.weight_decimals)
        return improved_text

    def fits(self, record: Mapping[str, str | int]) -> bool:
        """Whether no prompt is longer than `format.max_prompt_chars`; where another record's prompts show its network,
        whether none is with the most words around it."""
        limit = self.config["format"]["max_prompt_chars"]
        if limit is None:
            return True
        prompts = {task: str(record[name]) for task in TASKS if (name := f"{task}_prompt") in record}
        if self.config["format"]["shuffle"] == "networks":
            return all(self.prompts.around(task)[1] + len(shown_in(text)) <= limit for task, text in prompts.items())
        return all(len(text) <= limit for text in prompts.values())

    def _body(self, task: str, model: StoredModel, texts: Mapping[str, str], signature: np.ndarray) -> str:
        """What a task's prompt shows of a model: architecture, weights and signature, as configured."""
        return self.prompts.body(model.architecture, texts, self._shown_signature(task, model, signature))

    def _shown_signature(self, task: str, model: StoredModel, signature: np.ndarray) -> dict[str, str]:
        """The signature in a task's prompt layer by layer: its own methods, as if no others were computed."""
        columns = self.extractor.columns(self.methods[task])
        cells = self.signature_text.cells(signature[:, columns])  # a wide number of another method widens nothing here
        rows = self._signed_layers(model)
        return {layer: self.signature_text.compact(cells[part], columns) for layer, part in rows.items()}

    def _signed_layers(self, model: StoredModel) -> dict[str, slice]:
        return signed_layers(model.architecture, self.config["signature"]["layers"])

    def _metadata(
        self,
        plan: ExamplePlan,
        verdict: Mapping[str, Any],
        corruption: Mapping[str, int],
        model: StoredModel,
        record: Mapping[str, str | int],
    ) -> dict[str, Any]:
        architecture, patterns = model.architecture, self.config["patterns"]
        lengths = {f"{name}_chars": len(text) for name, text in record.items() if isinstance(text, str)}
        if self.count_tokens is not None:
            texts = {name: text for name, text in record.items() if name.endswith(("_prompt", "_completion"))}
            lengths |= {f"{name}_tokens": self.count_tokens(text) for name, text in texts.items()}
        elsewhere = ("example_id", "reasons", AUDIT, ABLATION)
        figures = {key: value for key, value in verdict.items() if key not in elsewhere}
        return {
            **figures,
            "pattern_tokens": {key: patterns[key] for key in ("starts_with", "ends_with")},
            "model_config": {
                **architecture.to_dict(),
                "parameter_count": architecture.parameter_count,
                "learning_rate": step_size(architecture.activation_type, plan.learning_rate),
                "quantization": self.config["training"]["quantization"],
                "weight_decimals": self.weight_decimals,
            },
            "architecture": {"neurons_per_layer": [outputs for _, outputs in architecture.layer_sizes]},
            **({"corruption_stats": dict(corruption)} if plan.target_pattern is not None else {}),
            "signature": {
                "methods": {task: list(methods) for task, methods in self.methods.items()},
                "layers": self.config["signature"]["layers"],
                "activations": self.config["signature"]["activations"],
                "decimals": self.signature_decimals,
            },
            "lengths": lengths,
            "provenance": {**self.provenance, "example_id": plan.example_id},
        }
