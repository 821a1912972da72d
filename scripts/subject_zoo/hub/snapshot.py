"""A dataset of the Hub as a folder here."""

from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from subject_zoo.base.errors import UserError


def snapshot(repo_id: str) -> Path:
    """The files of a dataset repository, as they are now, in the cache of the Hub's client.

    They are links, which a folder that is trusted follows. Raises UserError where they are not here and cannot be had.
    """
    try:
        return Path(snapshot_download(repo_id, repo_type="dataset"))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as error:
        why = "the Hub does not answer, or is not asked" if isinstance(error, LocalEntryNotFoundError) else "not there"
        raise UserError(
            f"{repo_id}: no folder here, and no dataset of the Hub that can be had ({why}); name a folder as "
            "results/dataset, or a repository as you/subject-zoo"
        ) from None
