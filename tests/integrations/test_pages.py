"""Pages that need other packages run as they are written, and print what they claim."""

import shutil

import pytest

from tests.docs.pages import ROOT, code_blocks
from tests.docs.snippets import claimed, printed

pytestmark = pytest.mark.integrations


@pytest.mark.parametrize("name", ["weight-space.md"])  # test_integrations_page.py has the other one's stand-ins
def test_python_prints_what_it_claims(finished, tmp_path, name):
    shutil.copytree(finished, tmp_path / "results/dataset")
    pages = {name: code_blocks(ROOT / "docs" / name, "python")}
    assert len(claimed(pages)) > 1
    assert printed(pages, tmp_path) == claimed(pages)
