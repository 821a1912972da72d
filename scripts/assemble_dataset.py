"""Put the shards together as the publishable folder, with its card and its manifest."""

import json
from pathlib import Path

from adapter import rule_log

from subject_zoo.card import dataset_card
from subject_zoo.dataset_folder import describe_file, manifest, place_shard, remove_strangers
from subject_zoo.devices import use_device
from subject_zoo.files import atomic_write, load_npz
from subject_zoo.numerics import environment_record
from subject_zoo.splits import SPLITS

with rule_log(snakemake) as log:
    settings, paths, outputs = snakemake.params.settings, snakemake.input, snakemake.output
    folder = Path(outputs.manifest).parent
    shards: dict[str, dict[str, Path]] = {}
    for path in map(Path, paths.shards):
        shard, part = path.name.split(".")[:2]
        shards.setdefault(shard, {})[part] = path
    contents: list[str] = []
    missing = settings["config"]["num_examples"]
    for shard, parts in sorted(shards.items()):
        kept = load_npz(parts["signatures"])["example_ids"].tolist()[:missing]
        missing -= len(kept)
        contents += place_shard(folder, shard, parts, kept)
    remove_strangers(folder, set(contents))
    for name in ("signature_dataset", "benchmark_dataset"):
        # Copied: Snakemake touches a rule's outputs, and a link would touch the input with them.
        atomic_write(outputs[name], Path(paths[name]).read_bytes())
    with open(paths.validity, "rb") as file:
        validity = json.load(file)
    sequences = ("signature_dataset.json", "benchmark_dataset.json")
    files = {name: describe_file(folder / name) for name in (*contents, *sequences)}
    rows = {split: sum(f["rows"] for n, f in files.items() if n.startswith(f"data/{split}/")) for split in SPLITS}
    card = dataset_card(settings["config"], validity, rows)
    atomic_write(outputs.card, card.encode())
    files["README.md"] = describe_file(Path(outputs.card))
    device = use_device(settings["config"]["device"])
    facts = {
        "num_examples": sum(rows.values()),
        "rows": rows,
        "seed": settings["config"]["seed"],
        "config": settings["config"],
        "config_sha256": settings["config_sha256"],
        "code_sha256": settings["code_sha256"],
        "signature_dataset_sha256": files["signature_dataset.json"]["sha256"],
        "environment": dict(environment_record(settings["config"]["numerics"], device)),
    }
    atomic_write(outputs.manifest, manifest(files, **facts))
    log.info("%s", rows)
