"""The Python in docs/ runs as it is written there, page by page, and prints what it claims."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.docs.pages import ROOT, RUN_HERE, code_blocks

RUN = """
import json, sys
for name, blocks in json.load(sys.stdin).items():
    print("page", name)
    namespace = {}
    for block in blocks:
        exec(compile(block, name, "exec"), namespace)
"""
MODULE = "module zoo:"  # begins what is Snakemake's
PUBLISHED = '"you/subject-zoo"'


def test_python_prints_what_it_claims(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "results/dataset")
    shutil.copy(ROOT / "config.yaml", tmp_path)
    pages = {
        page.name: [block.replace(PUBLISHED, '"results/dataset"') for block in blocks]
        for page in RUN_HERE
        if (blocks := [block for block in code_blocks(page, "python") if MODULE not in block])
    }
    away = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=tmp_path,
        input=json.dumps(pages),
        env=os.environ | away | {"PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    claimed = [
        line
        for name, blocks in pages.items()
        for line in (f"page {name}", *re.findall(r"^print\(.*\)  # (.*)$", "\n".join(blocks), re.MULTILINE))
    ]
    assert done.stdout.splitlines() == claimed


@pytest.mark.workflow
def test_a_dataset_as_a_module_is_planned_as_it_is_written(tmp_path):
    [block] = [block for page in RUN_HERE for block in code_blocks(page, "python") if MODULE in block]
    (tmp_path / "Snakefile").write_text(block.replace("path/to/this/repository", str(ROOT)))
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", "counted.txt"]
    environment = os.environ | {"PYTHONPATH": ""}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "zoo/results/dataset/manifest.json" in done.stdout
