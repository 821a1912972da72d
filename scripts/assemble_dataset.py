"""Put the shards together as the publishable folder, with its card and its manifest."""

import json
from pathlib import Path

from adapter import rule_log

from subject_zoo.dataset_folder import describe_file, place_shard, remove_strangers, title_pages
from subject_zoo.devices import use_device
from subject_zoo.files import atomic_write, load_npz
from subject_zoo.numerics import environment_record

with rule_log(snakemake) as log:
    settings, paths, outputs = snakemake.params.settings, snakemake.input, snakemake.output
    config = settings["config"]
    folder = Path(outputs.manifest).parent
    shards: dict[str, dict[str, Path]] = {}
    for path in map(Path, paths.shards):
        shard, part = path.name.split(".", 1)
        shards.setdefault(shard, {})[part] = path
    contents: list[str] = []
    missing = config["num_examples"]
    for shard, parts in sorted(shards.items()):
        kept = load_npz(parts["signatures.npz"])["example_ids"].tolist()[:missing]
        missing -= len(kept)
        contents += place_shard(folder, shard, parts, kept)
    remove_strangers(folder, set(contents))
    for source, target in zip(paths.copied, outputs.copied, strict=True):
        # Copied: Snakemake touches a rule's outputs, and a link would touch the input with them.
        atomic_write(target, Path(source).read_bytes())
    with open(paths.validity, "rb") as file:
        validity = json.load(file)
    contents += [Path(path).relative_to(folder).as_posix() for path in outputs.copied]
    files = {name: describe_file(folder / name) for name in contents}
    environment = dict(environment_record(config["numerics"], use_device(config["device"])))
    for name, page in title_pages(files, config, settings["digests"], environment, validity).items():
        atomic_write(folder / name, page)
    log.info("%d files", len(files))
