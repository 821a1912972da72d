"""Stage 1: train a range's models on corrupted labels."""

from adapter import rule_log

from subject_zoo.devices import use_device
from subject_zoo.files import load_npz
from subject_zoo.range_files import read_datasets
from subject_zoo.stages import train_degraded
from subject_zoo.weights import save_range

with rule_log(snakemake) as log:
    config = snakemake.params.settings["config"]
    device = use_device(config["device"])
    models = train_degraded(config, read_datasets(load_npz(snakemake.input.dataset)), device)
    save_range(snakemake.output[0], models)
    log.info("%d models on %s", len(models), device)
