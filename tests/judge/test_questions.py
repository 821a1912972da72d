"""Diagnosis as questions: answered rightly they are the true diagnoses, and both networks of a record can be asked."""

from itertools import islice

import numpy as np
import pytest

from subject_zoo.judge.material import Accepted, accepted_examples
from subject_zoo.judge.questions import Questions
from subject_zoo.project import Project
from tests.finished_dataset import diagnosing_config


@pytest.fixture(scope="module")
def project() -> Project:
    return Project(diagnosing_config())


@pytest.fixture(scope="module")
def records(project) -> list[Accepted]:
    return list(islice(accepted_examples(project.config, None), 12))


def test_the_right_answers_are_the_true_diagnoses(project, records):
    questions = Questions.shown(records, project)
    assert len(questions.labels) == sum(len(one.case.selected_patterns) for one in records)
    names = project.config["patterns"]["enabled"]
    told = list(questions.answers(questions.labels.astype(np.float64), names, project.space.vocab_size))
    for one, answer in zip(records, told, strict=True):
        true = one.case.diagnosed
        assert answer.pattern == true.pattern
        if true.region is not None:
            assert answer.region is not None
            assert answer.region.positions == true.region.positions
    assert {answer.pattern is None for answer in told} == {True, False}


def test_both_networks_of_a_record_are_asked_about_and_one_has_the_fault(project, records):
    questions, shown = Questions.of_both(records, project), Questions.shown(records, project)
    assert (len(questions.networks), len(questions.labels)) == (2 * len(records), 2 * len(shown.labels))
    faulty = [questions.labels[questions.of == place, 0].sum() for place in range(len(questions.networks))]
    assert faulty == [1, 0] * len(records)
    assert questions.asked[:, : len(project.config["patterns"]["enabled"])].sum(1).tolist() == [1] * len(questions.of)
    for place, one in enumerate(records):
        own = questions.networks.output_bias[2 * place : 2 * place + 2]
        stages = (one.case.degraded, one.case.improved)
        name = f"{one.case.degraded.architecture.linear_names[-1]}.bias"
        assert own.tolist() == [float(model.weights[name][0]) for model in stages]


def test_nothing_but_the_networks_tells_which_is_asked_about(project, records):
    questions = Questions.of_both(records, project)
    seen = np.hstack([questions.asked, questions.metadata])
    first, second = (seen[np.isin(questions.of, range(start, len(questions.networks), 2))] for start in (0, 1))
    assert np.array_equal(first, second)
