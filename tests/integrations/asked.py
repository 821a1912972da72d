"""The tasks of the finished dataset that integrations are tested on."""

from subject_zoo.config.tasks import tasks_of
from tests.finished_dataset import tiny_config

ASKED = tasks_of(tiny_config()["task_generation"])
