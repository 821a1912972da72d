"""Make the repository on the Hub equal to the finished dataset folder."""

import json
import logging
from pathlib import Path

from adapter import rule_log

from subject_zoo.files import atomic_write
from subject_zoo.hub_client import Patience, use_hub
from subject_zoo.hub_repository import HubRepository
from subject_zoo.publication import Publication

with rule_log(snakemake) as log:
    logging.getLogger("subject_zoo").addHandler(logging.StreamHandler())  # what is waited for, on the terminal too
    settings = snakemake.params.settings
    repo_id = settings["config"]["publish"]["repo_id"]
    manifest = Path(snakemake.input.manifest)
    files = json.loads(manifest.read_bytes())["files"]
    use_hub(Patience())
    publication = Publication(HubRepository(repo_id), settings["config"], settings["digests"], Patience())
    commit = publication.complete(manifest.parent, [*files, manifest.name])
    receipt = {"repo_id": repo_id, "commit": commit, "files": files}
    atomic_write(snakemake.output[0], json.dumps(receipt, indent=1).encode())
    log.info("%s is at %s: %d files", repo_id, commit, len(files))
