"""Make the repository on the Hub equal to the finished dataset folder, and give that a version tag."""

from pathlib import Path

from adapter import rule_log, tell_on_terminal

from subject_zoo.base.files import read_json, write_json
from subject_zoo.hub.client import Patience, use_hub
from subject_zoo.hub.publication import Publication
from subject_zoo.hub.repository import HubRepository

with rule_log(snakemake) as log:
    tell_on_terminal(snakemake)
    settings = snakemake.params.settings
    publish = settings["config"]["publish"]
    allowed = {key: publish[key] for key in ("private", "replace")}
    path = Path(snakemake.input.manifest)
    manifest = read_json(path)
    config, files = manifest["config"], manifest["files"]
    use_hub(Patience())
    publication = Publication(HubRepository(publish["repo_id"]), config, settings["digests"], Patience(), **allowed)
    commit = publication.complete(path.parent)
    tag = publication.tag(commit)
    write_json(snakemake.output[0], {"repo_id": publish["repo_id"], "commit": commit, "tag": tag, "files": files})
    log.info("%s is at %s, %s: %d files", publish["repo_id"], commit, tag, len(files))
