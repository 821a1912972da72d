"""Put the shards together as the publishable folder, with its card and its manifest."""

from pathlib import Path

from adapter import rule_log

from subject_zoo.base.files import atomic_write, read_json
from subject_zoo.dataset.folder import describe_file, parts_of_shards, place_shards, title_pages

with rule_log(snakemake) as log:
    settings, paths, outputs = snakemake.params.settings, snakemake.input, snakemake.output
    config, folder = dict(settings["config"]), Path(outputs.manifest).parent
    license_name = config.pop("publish")["license"]
    contents = place_shards(folder, parts_of_shards(map(Path, paths.shards)), config["num_examples"])
    for source, target in zip(paths.copied, outputs.copied, strict=True):
        # Copied: Snakemake touches a rule's outputs, and a link would touch the input with them.
        atomic_write(target, Path(source).read_bytes())
        contents.append(Path(target).relative_to(folder).as_posix())
    files = {name: describe_file(folder / name) for name in contents}
    environment = read_json(paths.last_tally)["environment"]
    validity = read_json(paths.validity)
    pages = title_pages(files, config, settings["digests"], environment, validity, license_name)
    for name, page in pages.items():
        atomic_write(folder / name, page)
    log.info("%d files", len(files))
