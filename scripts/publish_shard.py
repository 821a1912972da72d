"""Let a shard wait for the next commit to the Hub, or make it, with all that wait."""

import json
import logging
import time
from functools import partial
from pathlib import Path

from adapter import rule_log

from subject_zoo.files import atomic_write
from subject_zoo.publishing_pace import committed_receipt, is_due, next_receipt

with rule_log(snakemake) as log:
    logging.getLogger("subject_zoo").addHandler(logging.StreamHandler())  # what is waited for, on the terminal too
    settings, paths = snakemake.params.settings, snakemake.input
    config = dict(settings["config"])
    publish = config.pop("publish")
    with open(paths.previous, "rb") as file:
        previous = json.load(file)
    with open(paths.tally, "rb") as file:
        tally = json.load(file)
    receipt = next_receipt(previous, snakemake.wildcards.window, tally, config["num_examples"])
    log.info("waiting: %s", receipt["waiting"])
    if is_due(receipt, publish["every_shards"], publish["every_minutes"], time.time()):
        # Imported here: most shards only wait.
        from subject_zoo.dataset_folder import shard_contents, title_pages
        from subject_zoo.hub_client import Patience, use_hub
        from subject_zoo.hub_repository import HubRepository
        from subject_zoo.publication import Publication

        use_hub(Patience())
        publication = Publication(HubRepository(publish["repo_id"]), config, settings["digests"], Patience())
        folder = Path(paths.shard[0]).parent
        parts = [Path(path).name.split(".", 1)[1] for path in paths.shard]
        # The files of shards that waited were inputs of the jobs that let them wait.
        shards = {
            shard: shard_contents(shard, {part: folder / f"{shard}.{part}" for part in parts})
            for shard in receipt["waiting"]
        }
        commit, made, files = publication.add_shards(
            shards,
            {Path(path).name: Path(path) for path in paths.sequences},
            # The environment is that of the machine that puts the dataset together, in the end.
            partial(title_pages, config=config, digests=settings["digests"], environment={}, validity=None),
        )
        receipt = committed_receipt(receipt, commit, made, files, time.time())
        log.info("%s is at %s", publish["repo_id"], commit)
    atomic_write(snakemake.output[0], json.dumps(receipt, indent=1).encode())
