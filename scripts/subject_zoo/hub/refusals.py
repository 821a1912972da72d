"""What a person is told where the Hub refuses: what is amiss, and how it is mended."""

import re

LOG_IN = "log in with `hf auth login` or set HF_TOKEN, with a token that may write"

_FULL = (
    "the storage that the Hub gives is full",
    "free some there, by deleting or by a larger plan; the same command goes on from here then",
)
_BY_STATUS = {
    401: ("the Hub does not accept the token", LOG_IN),
    402: _FULL,
    403: ("the token may not write there", f"{LOG_IN}, or choose another publish.repo_id"),
    404: (
        "the Hub has no such dataset, or does not show it to this token",
        f"where it was deleted, `rm -r results/published` lets the next run make it anew; else {LOG_IN}",
    ),
    413: ("what was sent is too large for the Hub", "set publish.every_shards or ranges_per_shard lower"),
    507: _FULL,
}
_SAYS_FULL = re.compile(r"quota|storage limit|is full|exceeded|payment|billing|your plan", re.IGNORECASE)
_IN_TEXT = re.compile(r"\(([45]\d\d) [A-Z]")  # of hf_xet's errors: "HTTP status client error (403 Forbidden)"


def in_words(status: int, message: str) -> tuple[str, str]:
    """What is amiss where the Hub answers with a status and says something, and how it is mended: "" if unknown."""
    if status in (403, 413) and _SAYS_FULL.search(message):
        return _FULL
    return _BY_STATUS.get(status, ("", ""))


def status_in(text: str) -> int | None:
    """The status of a refusal that an error's text tells of; None for what may pass, and where it tells of none."""
    found = _IN_TEXT.search(text)
    return int(found[1]) if found and int(found[1]) in _BY_STATUS else None
