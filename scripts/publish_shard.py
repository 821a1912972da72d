"""Let a shard wait for the next commit to the Hub, or make it, with all that wait."""

import time
from functools import partial
from pathlib import Path

from adapter import rule_log, tell_on_terminal

from subject_zoo.base.checksums import check_files
from subject_zoo.base.files import read_json, write_json
from subject_zoo.hub.pace import committed_receipt, is_due, next_receipt

with rule_log(snakemake) as log:
    tell_on_terminal()
    settings, paths = snakemake.params.settings, snakemake.input
    config = dict(settings["config"])
    publish, tally = config.pop("publish"), read_json(paths.tally)
    receipt = next_receipt(read_json(paths.previous), snakemake.wildcards.window, tally, config["num_examples"])
    log.info("waiting: %s", receipt["waiting"])
    if is_due(receipt, publish["every_shards"], publish["every_minutes"], time.time()):
        # Imported here: most shards only wait.
        from subject_zoo.dataset.folder import shard_contents, title_pages
        from subject_zoo.hub.client import Patience, use_hub
        from subject_zoo.hub.publication import Publication
        from subject_zoo.hub.repository import HubRepository

        use_hub(Patience())
        publication = Publication(HubRepository(publish["repo_id"]), config, settings["digests"], Patience())
        folder = Path(paths.shard[0]).parent
        parts = [Path(path).name.split(".", 1)[1] for path in paths.shard]
        # The files of shards that waited were inputs of the jobs that let them wait.
        shards = {
            shard: shard_contents(shard, {part: folder / f"{shard}.{part}" for part in parts})
            for shard in receipt["waiting"]
        }
        sequences = {Path(path).name: Path(path) for path in paths.sequences}
        check_files(path for contents in shards.values() for path in contents.values())
        facts = {"config": config, "digests": settings["digests"], "environment": tally["environment"]}
        commit, made, files = publication.add_shards(shards, sequences, partial(title_pages, **facts, validity=None))
        receipt = committed_receipt(receipt, commit, made, files, time.time())
        log.info("%s is at %s", publish["repo_id"], commit)
    write_json(snakemake.output[0], receipt)
