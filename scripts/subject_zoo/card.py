"""The dataset card: what a person reads before they use the dataset, and how `datasets` loads it."""

from collections.abc import Mapping
from typing import Any

import yaml

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def dataset_card(config: Mapping[str, Any], validity: Mapping[str, Any], rows: Mapping[str, int]) -> str:
    """README.md of the dataset folder: YAML for the Hub, then text; `rows` counts examples by split."""
    total = sum(rows.values())
    header = {
        "license": "cc0-1.0",
        "pretty_name": "Subject Zoo",
        "tags": ["interpretability", "weight-space-learning", "synthetic", "neural-networks"],
        "task_categories": ["text-generation"],
        "size_categories": [next((label for limit, label in _SIZES if total < limit), "n>1M")],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": split, "path": f"data/{split}/*.parquet"} for split, count in rows.items() if count
                ],
            }
        ],
    }
    return f"---\n{yaml.safe_dump(header, sort_keys=False)}---\n\n{_text(config, validity, rows)}"


def _text(config: Mapping[str, Any], validity: Mapping[str, Any], rows: Mapping[str, int]) -> str:
    splits = ", ".join(f"{count} {split}" for split, count in rows.items())
    return f"""# Subject Zoo: small neural networks, degraded and mended

{sum(rows.values())} records ({splits}). Each holds a small network trained to recognise letter patterns, twice:
degraded on one pattern, and mended; an activation signature of both; and a prompt and a completion for each of two
tasks: write better weights, or say which patterns the network classifies as positive.

```python
from datasets import load_dataset
record = load_dataset("path/or/name")["train"][0]
```

## How true the records are

{_funnel(validity["funnel"])}

{_patterns(validity["by_pattern"])}

## How it was made

```yaml
{yaml.safe_dump(dict(config), sort_keys=False).strip()}
```
"""


def _funnel(funnel: Mapping[str, Any]) -> str:
    lines = ["| gate | candidates that pass it and those before it | that fail it |", "|---|---|---|"]
    lines += [
        f"| {gate} | {passing} | {funnel['fail_gate'][gate]} |"
        for gate, passing in funnel["pass_gate_and_those_before"].items()
    ]
    return f"Of {funnel['candidates']} candidates {funnel['accepted']} were accepted.\n\n" + "\n".join(lines)


def _patterns(by_pattern: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [
        "| pattern | target of | selected in | accepted as target | before, as target | after | held out |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in by_pattern.items():
        cells = [
            name,
            row["target_of_accepted"],
            row["selected_in_accepted"],
            row["acceptance_as_target"],
            row["target_accuracy_before"],
            row["accuracy_after"],
            row["held_out"],
        ]
        lines.append("| " + " | ".join("-" if cell is None else str(cell) for cell in cells) + " |")
    return "\n".join(lines)
