"""Sign both models of every accepted example of a range."""

import orjson
from adapter import rule_log

from subject_zoo.files import save_npz
from subject_zoo.measurement import sign
from subject_zoo.pools import pattern_space
from subject_zoo.range_files import signature_arrays
from subject_zoo.signature_dataset import extractor_for, read_signature_dataset
from subject_zoo.weights import load_range

with rule_log(snakemake) as log:
    config = snakemake.params.settings["config"]
    with open(snakemake.input.validation, "rb") as file:
        accepted = [e["example_id"] for e in orjson.loads(file.read())["examples"] if e["accepted"]]
    patterns = config["patterns"]
    probes = read_signature_dataset(snakemake.input.signature_dataset, pattern_space(patterns), patterns["enabled"])
    extractor = extractor_for(probes, config["signature"], patterns["enabled"])
    signatures = []
    for path in (snakemake.input.degraded, snakemake.input.improved):
        models = load_range(path)
        chosen = {example_id: models[example_id] for example_id in accepted}
        signatures.append(sign(chosen, probes.tokens, extractor, config["signature"]["activations"]))
    arrays = signature_arrays(extractor.feature_names, accepted, *signatures)
    save_npz(snakemake.output[0], arrays)
    log.info("%d examples signed over %d probes", len(accepted), len(probes.tokens))
