"""The Python in docs/ runs as it is written there, page by page, and prints what it claims."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.docs.pages import ROOT, RUN_HERE, RUN_WITH_INTEGRATIONS, code_blocks
from tests.docs.snippets import claimed, printed

MODULE = "module zoo:"  # begins what is Snakemake's
PUBLISHED = '"you/subject-zoo"'


def test_python_prints_what_it_claims(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "results/dataset")
    shutil.copy(ROOT / "config.yaml", tmp_path)
    pages = {
        page.name: [block.replace(PUBLISHED, '"results/dataset"') for block in blocks]
        for page in RUN_HERE
        if page.name not in RUN_WITH_INTEGRATIONS
        and (blocks := [block for block in code_blocks(page, "python") if MODULE not in block])
    }
    assert printed(pages, tmp_path) == claimed(pages)


@pytest.mark.workflow
def test_a_dataset_as_a_module_is_planned_as_it_is_written(tmp_path):
    [block] = [block for page in RUN_HERE for block in code_blocks(page, "python") if MODULE in block]
    (tmp_path / "Snakefile").write_text(block.replace("path/to/this/repository", str(ROOT)))
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", "counted.txt"]
    environment = os.environ | {"PYTHONPATH": ""}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "zoo/results/dataset/manifest.json" in done.stdout
