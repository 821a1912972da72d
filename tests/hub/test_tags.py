"""The tag of a finished dataset."""

import json

import pytest
from huggingface_hub import HfApi

from subject_zoo.base.errors import UserError
from tests.hub.publishing import manifest_digest_at
from tests.loopback_hub import Fault
from tests.loopback_hub.clients import commit
from tests.published_zoo import CONFIG, REPO, shards_of, write_dataset

pytest_plugins = ["tests.loopback_hub.fixtures"]


def test_a_finished_dataset_has_one_tag_by_its_digest_however_often_it_is_published(hub, here, tmp_path):
    folder = write_dataset(tmp_path / "zoo")
    zoo = here()
    zoo.open()
    first = zoo.complete(folder)
    name = zoo.tag(first)
    assert name == f"v{manifest_digest_at(hub, first)[:12]}"
    assert hub.tags(REPO) == {name: first}
    commit(HfApi(hub.url, hub.token), {"mine/notes.txt": b"mine"})
    assert zoo.tag(zoo.complete(folder)) == name  # the head is another commit, of the same dataset
    assert hub.tags(REPO) == {name: first}
    more = write_dataset(tmp_path / "more", shards=len(shards_of(folder)) + 1)
    larger = here(CONFIG | {"num_examples": 2 * len(shards_of(more))})
    second = larger.complete(more)
    another = larger.tag(second)
    assert another != name
    assert hub.tags(REPO) == {name: first, another: second}


def test_a_tag_that_is_overtaken_or_whose_answer_is_lost_is_found_there(hub, here, tmp_path):
    folder = write_dataset(tmp_path / "zoo")
    here().open()
    made = here().complete(folder)
    hub.set_faults(
        [
            Fault("POST .*/tag/", "status", status=503),
            Fault("POST .*/tag/", "status", when="after", status=504),
        ]
    )
    name = here().tag(made)
    assert hub.remaining_faults() == 0
    assert hub.tags(REPO) == {name: made}


def test_a_tag_that_is_refused_is_one_line_and_the_dataset_stands(hub, here, tmp_path):
    folder = write_dataset(tmp_path / "zoo")
    here().open()
    made = here().complete(folder)
    body = json.dumps({"error": "no tags today"})
    hub.set_faults([Fault("POST .*/tag/", "status", status=403, body=body, times=9)])
    with pytest.raises(UserError) as error:
        here().tag(made)
    line = str(error.value)
    assert line.startswith(f"the dataset is whole at {made[:12]}, but has no version tag: {REPO}: ")
    assert "(no tags today)" in line
    assert "\n" not in line
    assert hub.commits(REPO)[-1].oid == made
    hub.set_faults([])
    assert here().tag(made) in hub.tags(REPO)
