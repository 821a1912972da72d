"""Open the repository that the dataset is published in, and see that it can be."""

from adapter import rule_log, tell_on_terminal

from subject_zoo.base.files import write_json
from subject_zoo.hub.client import Patience, use_hub
from subject_zoo.hub.pace import first_receipt
from subject_zoo.hub.publication import Publication
from subject_zoo.hub.repository import HubRepository

with rule_log(snakemake) as log:
    tell_on_terminal(snakemake)
    digests, config = snakemake.params.settings["digests"], dict(snakemake.params.as_it_is_now)
    publish = config.pop("publish")
    allowed = {key: publish[key] for key in ("private", "replace")}
    use_hub(Patience())
    publication = Publication(HubRepository(publish["repo_id"]), config, digests, Patience(), **allowed)
    head, in_steps = publication.open()
    write_json(snakemake.output[0], first_receipt(publish["repo_id"], head, in_steps))
    log.info("%s at %s, in steps: %s", publish["repo_id"], head, in_steps)
