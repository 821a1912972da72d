"""Steps of Adam on true labels mend networks, a few not much, and as many weights as there are."""

from itertools import islice

import numpy as np
from fine_tuned import fine_tuned

from subject_zoo.judge.bench import Bench
from subject_zoo.judge.material import accepted_examples
from subject_zoo.judge.modification import score_repair
from subject_zoo.project import Project
from tests.finished_dataset import tiny_config


def test_more_steps_mend_more():
    project = Project(tiny_config())
    cases = [one.case for one in islice(accepted_examples(project.config, None), 4)]
    bench = Bench(project, fresh_seed=1)
    gains = {}
    for steps in (2, 60):
        answers = list(fine_tuned(cases, project, steps))
        for case, weights in zip(cases, answers, strict=True):
            assert {k: a.shape for k, a in weights.items()} == {k: a.shape for k, a in case.degraded.weights.items()}
        gains[steps] = [score_repair(c, w, bench)["target_gain"] for c, w in zip(cases, answers, strict=True)]
    assert np.mean(gains[60]) > np.mean(gains[2]) + 0.05
