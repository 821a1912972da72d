"""Where a dataset comes from: digests, environment, configuration."""

from html import escape

import subject_zoo
from subject_zoo.dataset.card import shown_config
from subject_zoo.dataset.parts import parts_of
from subject_zoo.report.facts import Facts
from subject_zoo.report.parts import Section, table


def origin(facts: Facts) -> Section:
    """By its manifest."""
    manifest = facts.manifest
    files = manifest["files"]
    size = sum(entry["size"] for entry in files.values())
    lines = [
        ["records", ", ".join(f"{count:,} {split}" for split, count in manifest["rows"].items())],
        ["files", f"{len(files):,}, {size / 1e6:,.1f} MB"],
        ["seed", ", ".join(str(part.facts["seed"]) for part in parts_of(manifest))],
        ["licence", manifest["license"]],
        *(
            [words, manifest[key]]
            for words, key in (
                ("sha256 of the code", "code_sha256"),
                ("sha256 of the configuration", "config_sha256"),
                ("sha256 of the probes", "signature_dataset_sha256"),
                ("sha256 of all of the manifest", "facts_sha256"),
            )
        ),
        *([name, value] for name, value in manifest["environment"].items()),
        ["this page by", f"subject-zoo {subject_zoo.__version__}"],
    ]
    shown = escape(shown_config(facts.config))
    config = f"<details><summary>The configuration, in full</summary><pre>{shown}</pre></details>"
    return Section(
        "origin",
        "Where it comes from",
        "Equal code, configuration and environment give equal bytes.",
        markup_below=f'<div class="card facts">{table(["", ""], lines)}{config}</div>',
    )
