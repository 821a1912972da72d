"""What all examples of a configuration share: pools of sequences, the exam, probes, extractor, formatter.

    project = Project.from_config("config.yaml", {"seed": 7, "training": {"batch_size": 64}})

A member is made when it is first asked for, from the keys of the configuration that it needs, or from what was made of
them before, where that is given. The steps of an example's chain take a project: chain.py.
"""

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Self

from subject_zoo.base.arrays import load_npz
from subject_zoo.base.errors import UserError
from subject_zoo.base.files import digest_of, json_bytes
from subject_zoo.base.foreign import read_regular
from subject_zoo.config.sections import science_digest
from subject_zoo.config.seeds import shared_seed
from subject_zoo.evaluation.exam import Exam
from subject_zoo.evaluation.whole_space import WholeSpace
from subject_zoo.examples.sampler import PatternDatasetSampler
from subject_zoo.patterns.pools import Pools
from subject_zoo.patterns.space import PatternSpace, pattern_space
from subject_zoo.provenance.machine import environment_record, use_device
from subject_zoo.records.formatter import TrainingDataFormatter
from subject_zoo.records.tokens import token_counter
from subject_zoo.signatures.choice import computed_methods
from subject_zoo.signatures.extractor import ActivationSignatureExtractor
from subject_zoo.signatures.probes import Probes, parse_probes

LARGEST_PROBES = 1_000_000_000  # bytes of a signature dataset


class Project:
    """One configuration, and what its examples have in common.

    Args:
        config: a checked configuration, or the part of one that is needed.
        pools_file: where the pools were saved; they are drawn anew without.
        probes_file: the signature dataset; else `signature.dataset_path`, and where that is null it is drawn.
        provenance: what records say of where they come from; else this code and this configuration.
    """

    def __init__(
        self,
        config: dict[str, Any],
        pools_file: str | os.PathLike[str] | None = None,
        probes_file: str | os.PathLike[str] | None = None,
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        self.config = config
        self._pools_file, self._probes_file, self._provenance = pools_file, probes_file, provenance

    @classmethod
    def from_config(cls, path: str | os.PathLike[str], overrides: Mapping[str, Any] | None = None) -> Self:
        """The project of a configuration file, overlaid; sections are merged, as by Snakemake's --config.

        `path` names a whole configuration, as config.yaml. Raises UserError for a mistake in it, and for a control that
        the workflow alone makes, out of whole windows.
        """
        from subject_zoo.config.check import check_config  # with jsonschema, which no job needs
        from subject_zoo.config.load import load_config
        from subject_zoo.records.lengths import check_reachable

        config = check_config(load_config(path, overrides or {}))
        check_reachable(config)
        if (shuffle := config["format"]["shuffle"]) != "none":
            raise UserError(
                f"config: format.shuffle is {shuffle}; it must be none where examples are made by themselves: the "
                "workflow alone knows whose network another record's prompts are to show"
            )
        return cls(config)

    @cached_property
    def device(self) -> str:
        """Where models are trained. Raises UserError for a device that this machine lacks."""
        return use_device(self.config["device"])

    @cached_property
    def environment(self) -> dict[str, str]:
        """What the bits of training here depend on."""
        return environment_record(self.device, self.config["training"]["maker"])

    @cached_property
    def space(self) -> PatternSpace:
        """The space that sequences are from."""
        return pattern_space(self.config["patterns"])

    @cached_property
    def pools(self) -> Pools:
        """The sequences that all examples draw from; drawing them takes a second or more."""
        if self._pools_file is not None:
            return Pools.from_arrays(load_npz(self._pools_file))
        return Pools.create(shared_seed(self.config), self.config["patterns"], self.config["dataset"])

    @cached_property
    def sampler(self) -> PatternDatasetSampler:
        """Draws examples' datasets, the probes and the benchmark."""
        return PatternDatasetSampler(self.config, self.pools)

    @cached_property
    def exam(self) -> Exam:
        """The sequences that every model is measured on."""
        return Exam(self.pools, self.config["dataset"]["near_miss_ratio"])

    @cached_property
    def whole_space(self) -> WholeSpace:
        """All sequences that there are, for `validation.exact`; listing them takes a second or more."""
        return WholeSpace(self.space, self.pools, shared_seed(self.config), self.config["dataset"])

    @cached_property
    def signature_dataset(self) -> bytes:
        """The file of the probes. Raises UserError for one that cannot be read."""
        signature = self.config["signature"]
        if (path := self._probes_file or signature["dataset_path"]) is not None:
            try:
                return read_regular(path, LARGEST_PROBES)
            except OSError as error:
                raise UserError(f"{path}: cannot be read ({error.strerror})") from None
        return json_bytes(self.drawn_signature_dataset)

    @cached_property
    def drawn_signature_dataset(self) -> dict[str, Any]:
        """The probes that the shared seed draws, whether they are used or not."""
        signature = self.config["signature"]
        return self.sampler.signature_dataset(
            shared_seed(self.config), signature["probes_per_pattern"], signature["background_probes"]
        )

    @cached_property
    def benchmark_dataset(self) -> dict[str, Any]:
        """Labelled test sequences, to evaluate models that interpreters write."""
        benchmark = self.config["benchmark"]
        patterns = benchmark["patterns"] or self.config["patterns"]["enabled"]
        return self.sampler.benchmark_dataset(shared_seed(self.config), benchmark["samples_per_pattern"], patterns)

    @cached_property
    def probes(self) -> Probes:
        """The sequences that signatures are taken over. Raises UserError for a file that holds none."""
        source = self._probes_file or self.config["signature"]["dataset_path"] or "the drawn signature dataset"
        return parse_probes(self.signature_dataset, str(source), self.space, self.config["patterns"]["enabled"])

    @cached_property
    def extractor(self) -> ActivationSignatureExtractor:
        """Computes the statistics that any prompt shows over the probes."""
        signature = self.config["signature"]
        return ActivationSignatureExtractor(
            computed_methods(self.config),
            self.probes.satisfied,
            self.config["patterns"]["enabled"],
            signature["components"],
            signature["entropy_bins"],
        )

    @cached_property
    def provenance(self) -> Mapping[str, Any]:
        """What every record says of where it comes from; where it names no `signature_dataset`, that is this one."""
        if self._provenance is not None:
            return self._provenance
        from subject_zoo.provenance.code import chain_digest  # which parses all of the library

        return {
            "code_sha256": chain_digest(),
            "config_sha256": science_digest(self.config),
            "seed": self.config["seed"],
        }

    @cached_property
    def count_tokens(self) -> Callable[[str], int] | None:
        """How many tokens a text has, by `format.tokenizer`. Raises UserError for one that cannot be loaded."""
        return token_counter(self.config["format"]["tokenizer"])

    @cached_property
    def formatter(self) -> TrainingDataFormatter:
        """Writes records."""
        provenance = dict(self.provenance)
        provenance.setdefault("signature_dataset", digest_of(self.signature_dataset))
        return TrainingDataFormatter(self.config, self.space, self.extractor, provenance, self.count_tokens)
