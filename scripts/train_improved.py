"""Stage 2: train a range's degraded models on, with clean labels."""

from adapter import rule_log

from subject_zoo.devices import use_device
from subject_zoo.files import load_npz
from subject_zoo.range_files import read_datasets
from subject_zoo.stages import train_improved
from subject_zoo.weights import load_range, save_range

with rule_log(snakemake) as log:
    config = snakemake.params.settings["config"]
    device = use_device(config["device"])
    examples = read_datasets(load_npz(snakemake.input.dataset))
    models = train_improved(config, examples, load_range(snakemake.input.degraded), device)
    save_range(snakemake.output[0], models)
    log.info("%d models on %s", len(models), device)
