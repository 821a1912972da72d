"""Make the repository on the Hub equal to the finished dataset folder."""

from pathlib import Path

from adapter import rule_log, tell_on_terminal

from subject_zoo.base.files import read_json, write_json
from subject_zoo.hub.client import Patience, use_hub
from subject_zoo.hub.publication import Publication
from subject_zoo.hub.repository import HubRepository

with rule_log(snakemake) as log:
    tell_on_terminal()
    settings = snakemake.params.settings
    repo_id = settings["config"]["publish"]["repo_id"]
    manifest = Path(snakemake.input.manifest)
    files = read_json(manifest)["files"]
    use_hub(Patience())
    publication = Publication(HubRepository(repo_id), settings["config"], settings["digests"], Patience())
    commit = publication.complete(manifest.parent, [*files, manifest.name])
    write_json(snakemake.output[0], {"repo_id": repo_id, "commit": commit, "files": files})
    log.info("%s is at %s: %d files", repo_id, commit, len(files))
