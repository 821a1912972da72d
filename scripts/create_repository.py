"""Open the repository that the dataset is published in, and see that it can be."""

import json
import logging

from adapter import rule_log

from subject_zoo.files import atomic_write
from subject_zoo.hub_client import Patience, use_hub
from subject_zoo.hub_repository import HubRepository
from subject_zoo.publication import Publication
from subject_zoo.publishing_pace import first_receipt

with rule_log(snakemake) as log:
    logging.getLogger("subject_zoo").addHandler(logging.StreamHandler())  # what is waited for, on the terminal too
    settings = snakemake.params.settings
    repo_id = settings["config"]["publish"]["repo_id"]
    use_hub(Patience())
    publication = Publication(HubRepository(repo_id), settings["config"], settings["digests"], Patience())
    head, in_steps = publication.open(settings["config"]["publish"]["private"])
    atomic_write(snakemake.output[0], json.dumps(first_receipt(repo_id, head, in_steps), indent=1).encode())
    log.info("%s at %s, in steps: %s", repo_id, head, in_steps)
