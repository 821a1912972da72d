"""Let a shard wait for the next commit to the Hub, or make it, with all that wait."""

import sys
import time
from functools import partial
from pathlib import Path

from adapter import rule_log, tell_on_terminal

from subject_zoo.base.checksums import check_files
from subject_zoo.base.errors import UserError
from subject_zoo.base.files import read_json, write_json
from subject_zoo.hub.pace import committed_receipt, is_due, next_receipt, ready, refused_receipt

with rule_log(snakemake) as log:
    tell_on_terminal(snakemake)
    digests, paths = snakemake.params.settings["digests"], snakemake.input
    config = dict(snakemake.params.as_it_is_now)
    publish, tally = config.pop("publish"), read_json(paths.tally)
    receipt = next_receipt(read_json(paths.previous), snakemake.wildcards.window, tally)
    shards = ready(receipt, config["num_examples"])
    log.info("waiting: %s", shards)
    if is_due(receipt, len(shards), publish["every_shards"], publish["every_minutes"], time.time()):
        # Imported here: most shards only wait.
        from subject_zoo.dataset.folder import shard_contents, title_pages
        from subject_zoo.hub.client import Patience, use_hub
        from subject_zoo.hub.publication import Publication
        from subject_zoo.hub.repository import HubRepository

        use_hub(Patience())
        allowed = {key: publish[key] for key in ("private", "replace")}
        publication = Publication(HubRepository(publish["repo_id"]), config, digests, Patience(), **allowed)
        folder = Path(paths.shard[0]).parent
        parts = [Path(path).name.split(".", 1)[1] for path in paths.shard]

        def files_of(shard: str) -> dict[str, Path]:
            # Those of earlier shards were inputs of the jobs that let them wait.
            of_shard = {part: folder / f"{shard}.{part}" for part in parts}
            return shard_contents(shard, {part: path for part, path in of_shard.items() if path.exists()})

        sequences = {Path(path).name: Path(path) for path in paths.sequences}
        check_files(path for shard in receipt["waiting"] for path in files_of(shard).values())
        facts = {"config": config, "digests": digests, "environment": tally["environment"]}
        pages = partial(title_pages, **facts, validity=None, license_name=publish["license"])
        try:
            commit, made, files = publication.add_shards(shards, files_of, sequences, pages)
        except UserError as error:
            # Making the dataset goes on: `publish_dataset` tries again at its end, and fails by what it is told then.
            receipt = refused_receipt(receipt, time.time())
            log.warning("%s", error)
            print(f"publish_shard: {error}. The run goes on; this is tried again later.", file=sys.stderr)
        else:
            receipt = committed_receipt(receipt, shards, commit, made, files, time.time())
            log.info("%s is at %s", publish["repo_id"], commit)
    write_json(snakemake.output[0], receipt)
