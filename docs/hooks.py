"""What mkdocs calls while it builds the site: pages of the repository that do not lie in docs/, and links to them.

Pages are written to be read in the repository: a link goes where the file lies. The site has some of these files as
pages of its own; of a link to any other file only the words are left.
"""

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
ELSEWHERE = {
    "measurements.md": "benchmarks/README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
}
"""Pages of the site, and where in the repository they lie."""

_PAGES = {source: page for page, source in ELSEWHERE.items()}
_LINK = re.compile(r"\[([^\]]*)\]\((?![a-z]+:|#)([^)#]+)(#[^)]*)?\)")
_NAME_IN_CELL = re.compile(r"(?<=<td><code>)[^<]*")
_FETCHED = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=[\"']?((?:https?:)?//[^\"' >]+)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that lie elsewhere."""
    for page, source in ELSEWHERE.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """A page whose links lead to pages of the site."""
    home = Path(ELSEWHERE.get(page.file.src_uri, f"docs/{page.file.src_uri}")).parent

    def link(found: re.Match[str]) -> str:
        words, target, anchor = found[1], os.path.normpath(home / found[2]), found[3] or ""
        inside = target.removeprefix("docs/") if target.startswith("docs/") else _PAGES.get(target)
        return f"[{words}]({inside}{anchor})" if inside else words

    return _LINK.sub(link, markdown)


def on_page_content(html: str, **_: Any) -> str:
    """A page whose tables may break long names behind an underscore, a dot or a slash: at the width of a phone."""
    return _NAME_IN_CELL.sub(lambda found: re.sub(r"(?<=[_./])(?=\w)", "<wbr>", found[0]), html)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Raise where a page would fetch anything from elsewhere."""
    if elsewhere := _FETCHED.search(output):
        raise PluginError(f"{page.file.src_uri}: it would fetch {elsewhere[1]}; a page asks nothing of other machines")
    return output
