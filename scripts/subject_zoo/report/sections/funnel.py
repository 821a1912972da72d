"""How many candidates became records, and what turned the others away."""

from subject_zoo.judge.intervals import share_interval
from subject_zoo.report.charts.bars import Bar, bars
from subject_zoo.report.charts.ranges import Dot, ranges
from subject_zoo.report.charts.scale import percent
from subject_zoo.report.facts import Facts
from subject_zoo.report.parts import Figure, Section, table

_GATES = {
    "improvement": "the target's accuracy rises enough",
    "specificity": "it rises more than everything else",
    "stability": "nothing else falls",
    "competence": "everything selected is recognised in the end",
    "claim": "the list in the completion is true",
    "repair": "no single number mends the network",
    "diagnosis": "what is said of the fault is true",
}


def funnel(facts: Facts) -> Section | None:
    """From `validity.json`, over all candidates."""
    if facts.validity is None:
        return None
    told = facts.validity["funnel"]
    candidates, accepted = told["candidates"], told["accepted"]
    rows = [Bar("candidates", candidates, f"{candidates:,}", f"{candidates:,} candidates", "other")]
    before = candidates
    for gate, left in told["pass_gate_and_those_before"].items():
        lost = f"{left:,}" if left == before else f"{left:,} (−{before - left:,})"
        why = _GATES.get(gate, gate)
        rows.append(Bar(gate, left, lost, f"{gate}: {why}; {left:,} pass it and all before it", "after"))
        before = left
    rows.append(Bar("accepted", accepted, f"{accepted:,}", f"{accepted:,} records", "after"))
    worst = max(told["fail_gate"], key=lambda gate: told["fail_gate"][gate], default=None)
    why = f"; most failed {worst}" if worst is not None and told["fail_gate"][worst] else ""
    share = f" ({percent(accepted / candidates)})" if candidates else ""
    gates = [
        [gate, _GATES.get(gate, ""), left, told["fail_gate"][gate]]
        for gate, left in told["pass_gate_and_those_before"].items()
    ]
    figure = Figure(
        f"{accepted:,} of {candidates:,} candidates became records{share}{why}",
        bars(rows, f"Bars: of {candidates} candidates, how many pass each gate and those before it"),
        "Candidates that pass a gate and all gates above it; in brackets those that it turned away.",
        table(["gate", "asks that", "pass it and those before", "fail it"], gates),
    )
    return Section(
        "funnel",
        "From candidates to records",
        f"Every candidate is drawn, trained{' twice' if facts.mends else ''} and measured on test sequences. It "
        "becomes a record if it passes all gates.",
        [figure, *_by_pattern(facts)],
    )


def _by_pattern(facts: Facts) -> list[Figure]:
    assert facts.validity is not None
    role, drawn, kept = (
        ("target", "target_of_candidates", "target_of_accepted")
        if facts.mends
        else ("selected", "selected_in_candidates", "selected_in_accepted")
    )
    counted = {
        name: (row[kept], row[drawn]) for name, row in facts.validity["by_pattern"].items() if row[drawn] is not None
    }
    counted = {name: pair for name, pair in counted.items() if pair[1]}
    if not counted:
        return []
    rows = []
    for name, (right, count) in counted.items():
        share, low, high = share_interval(right, count)
        rows.append((name, [Dot(share, low, high, f"{name}: {right} of {count} accepted ({percent(share)})")]))
    least = min(counted, key=lambda name: counted[name][0] / counted[name][1])
    most = max(counted, key=lambda name: counted[name][0] / counted[name][1])
    overall = facts.validity["funnel"]["acceptance"]
    ends = [percent(counted[name][0] / counted[name][1]) for name in (least, most)]
    finding = (
        f"Acceptance goes from {ends[0]} ({least}) to {ends[1]} ({most})"
        if ends[0] != ends[1]
        else f"Every pattern is accepted equally often ({ends[0]})"
    )
    as_role = "whose target it is" if facts.mends else "that select it"
    return [
        Figure(
            finding,
            ranges(
                rows,
                f"Dots: the share of candidates accepted, by {role} pattern",
                "share accepted",
                show=percent,
                line=(overall, f"all: {percent(overall)}"),
            ),
            f"Of the candidates {as_role}, the share that became records, with 95 % intervals (Wilson).",
            table(
                [f"{role} pattern", "accepted", "candidates"],
                [[name, right, count] for name, (right, count) in counted.items()],
            ),
        )
    ]
