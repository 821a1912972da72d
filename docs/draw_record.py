"""Draw the first record of the default configuration as a picture: docs/record.svg.

    python docs/draw_record.py

Both networks number by number, what differs between them, what they say of some sequences, and what is asked of an
interpreter. Every figure and text in it is the record's; equal records give equal bytes.
"""

import json
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from subject_zoo import Project, make_examples  # noqa: E402
from subject_zoo.base.terms import STAGES  # noqa: E402
from subject_zoo.kernels.mlp import KernelMLP  # noqa: E402
from subject_zoo.networks.architecture import Architecture  # noqa: E402
from subject_zoo.networks.text import parse_weights  # noqa: E402
from subject_zoo.patterns.sequences import from_text  # noqa: E402
from subject_zoo.patterns.space import PatternSpace  # noqa: E402

Weights = Mapping[str, np.ndarray]

PICTURE = ROOT / "docs" / "record.svg"
SEQUENCES = ("ABBEBBA", "AEDDDEA", "BDCECDB", "ABCDEFG")
WIDTH, HEIGHT, CELL, PANELS, TOP = 1000, 660, 6, (20, 347, 674), 84  # pixels
BOUNDS = (0.005, 0.25, 0.5, 1.0, 2.0)  # of absolute values: a shade from each on
SHADES = (0.14, 0.32, 0.55, 0.78, 1.0)
STYLE = """\
svg{--page:#fff;--ink:#1f2328;--faint:#59636e;--line:#d1d9e0;--plus:#1f6fb2;--minus:#c2570c}
@media(prefers-color-scheme:dark){
svg{--page:#0d1117;--ink:#e6edf3;--faint:#9198a1;--line:#3d444d;--plus:#6cb6ff;--minus:#ffa657}}
text{font:14px system-ui,sans-serif;fill:var(--ink)}.t{font-size:19px;font-weight:600}.f{fill:var(--faint)}
.m{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:12.5px;white-space:pre}.s{font-size:12px}
.page,.box{fill:var(--page);stroke:var(--line)}.p{fill:var(--plus)}.n{fill:var(--minus)}.pt{fill:var(--plus)}.nt{fill:var(--minus)}"""


def text(x: float, y: float, words: str, classes: str = "") -> str:
    return f'<text class="{classes}" x="{x:g}" y="{y:g}">{escape(words)}</text>'


def lines(x: float, y: float, words: Sequence[str], classes: str, step: float = 17) -> Iterator[str]:
    for place, line in enumerate(words):
        yield text(x, y + step * place, line, classes)


def cells(x: float, y: float, values: np.ndarray) -> Iterator[str]:
    """A matrix, a square a number, as one path for each sign and shade."""
    shades = np.digitize(np.abs(values), BOUNDS)
    for name, sign in (("p", 1), ("n", -1)):
        for shade, opacity in enumerate(SHADES, 1):
            rows, columns = np.nonzero((shades == shade) & (np.sign(values) == sign))
            path = "".join(f"M{column} {row}h1v1h-1z" for row, column in zip(rows, columns, strict=True))
            if path:
                place = f"translate({x:g} {y:g})scale({CELL})"
                yield f'<path class="{name}" opacity="{opacity}" transform="{place}" d="{path}"/>'


def frame(x: float, y: float, columns: int, rows: int) -> str:
    size = f'width="{CELL * columns + 2}" height="{CELL * rows + 2}"'
    return f'<rect x="{x - 1:g}" y="{y - 1:g}" {size} fill="none" stroke="var(--line)"/>'


def network(x: float, weights: Weights) -> Iterator[str]:
    """The first layer above the others; beside each its biases, and of the last one a column is the only row."""
    right, below = x, TOP
    for number, name in enumerate(name for name in weights if name.endswith(".weight")):
        matrix, bias = weights[name], weights[name.replace(".weight", ".bias")]
        if len(matrix) == 1:
            matrix = matrix.T
        for part in (matrix, bias[:, None]):
            yield frame(right, below, part.shape[1], len(part))
            yield from cells(right, below, part)
            right += CELL * part.shape[1] + 3
        right += 3
        if number == 0:
            right, below = x, TOP + CELL * len(matrix) + 22
            yield text(x, below - 8, f"{matrix.shape[1]} inputs to {len(matrix)} neurons, and biases", "f s")
    yield text(x, below + CELL * len(matrix) + 14, "two more layers, and the output", "f s")


def verdicts(y: float, networks: Mapping[str, Weights], architecture: Architecture) -> Iterator[str]:
    """What both networks say of a few sequences, a column each."""
    rows = from_text(PatternSpace(architecture.vocab_size, architecture.sequence_length), SEQUENCES)
    for column, sequence in enumerate(SEQUENCES):
        yield text(PANELS[0] + 170 + 200 * column, y, sequence, "m")
    for below, (stage, word) in enumerate(zip(STAGES, ("degraded", "mended"), strict=True), 1):
        yield text(PANELS[0], y + 20 * below, f"the {word} one says", "f")
        for column, logit in enumerate(KernelMLP(architecture, networks[stage]).logits(rows)):
            wrong = (logit > 0) != (SEQUENCES[column] == SEQUENCES[column][::-1])
            said = ("positive" if logit > 0 else "negative") + (", which is wrong" if wrong else "")
            yield text(PANELS[0] + 170 + 200 * column, y + 20 * below, said, "nt" if wrong else "")


def task(x: float, y: float, record: Mapping[str, Any], name: str, shown: str) -> Iterator[str]:
    """A box with the end of a prompt and the beginning of its completion."""
    question = record[f"{name}_prompt"].rsplit("## Question\n", 1)[1].strip()
    answer = record[f"{name}_completion"]
    yield f'<rect class="box" x="{x:g}" y="{y:g}" width="470" height="188" rx="6"/>'
    yield text(x + 14, y + 26, name, "t")
    yield text(x + 14, y + 46, f"Shown are the {shown} and its signature. Asked:", "f")
    yield from lines(x + 14, y + 68, textwrap.wrap(textwrap.shorten(question, 205, placeholder=" ..."), 58), "m")
    yield text(x + 14, y + 146, "The completion:", "f")
    yield text(x + 14, y + 168, answer if len(answer) < 58 else answer[:52] + " ...", "m")


def draw(record: Mapping[str, Any]) -> str:
    """The picture of a record whose target are palindromes."""
    described = {stage: json.loads(record[f"{stage}_model_weights"]) for stage in STAGES}
    architecture = Architecture.from_dict(described["improved"]["config"])
    networks = {
        stage: parse_weights(json.dumps(of["weights"]), architecture.precision) for stage, of in described.items()
    }
    change = {name: networks["improved"][name] - values for name, values in networks["degraded"].items()}
    changed, numbers = (sum(int(np.sum(values != 0)) for values in change.values()), architecture.parameter_count)
    metadata = json.loads(record["metadata"])
    target = metadata["target_pattern"]
    before, after = (
        f"says yes to {100 * metadata[stage]['accuracy'][target]:.0f} % of unseen palindromes" for stage in STAGES
    )
    degraded, middle, mended = PANELS
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-label="A record: a degraded network, what the repair changes, the mended network, and the two tasks">',
        f"<style>{STYLE}</style>",
        f'<rect class="page" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="8"/>',
        text(degraded, 34, "degraded network", "t"),
        text(degraded, 56, before),
        *network(degraded, networks["degraded"]),
        text(degraded, 75, "a square is a number: blue above 0, orange below", "f s"),
        text(middle, 34, "what the repair changes", "t"),
        text(middle, 56, f"{changed} of {numbers:,} numbers"),
        *network(middle, change),
        text(middle, 75, "no one output weight would mend it as well", "f s"),
        text(mended, 34, "mended network", "t"),
        text(mended, 56, after),
        text(mended, 75, "trained on from there, with clean labels", "f s"),
        *network(mended, networks["improved"]),
    ]
    parts += [*verdicts(390, networks, architecture)]
    parts += [*task(20, 452, record, "modification", "degraded network")]
    parts += [*task(510, 452, record, "classification", "mended network"), "</svg>", ""]
    return "\n".join(parts)


def main() -> None:
    project = Project.from_config(ROOT / "config.yaml", {"device": "cpu"})
    PICTURE.write_text(draw(make_examples(project, range(1)).records[0]), encoding="utf-8")


if __name__ == "__main__":
    main()
