"""Which datasets are not published over one that is there, or where it is open to all."""

import json
import re

import pytest

from subject_zoo.base.errors import UserError
from subject_zoo.dataset.layout import MANIFEST
from subject_zoo.hub.comparison import differences
from tests.hub.publishing import add, rewrite
from tests.loopback_hub.clients import commit
from tests.published_zoo import CONFIG, DIGESTS, REPO, digests, ours, write_dataset

pytest_plugins = ["tests.loopback_hub.fixtures"]


def test_other_datasets_are_left_alone(hub, here, tmp_path):
    folder = write_dataset(tmp_path / "zoo")
    here().open()
    here().complete(folder)
    other = here(CONFIG | {"seed": 8})
    calls = (
        other.open,
        lambda: add(other, folder, "000000"),
        lambda: other.complete(folder),
    )
    for call in calls:
        with pytest.raises(
            UserError,
            match=r"^tester/zoo holds another dataset: seed is 7 there, 8 here; set publish.replace to true if",
        ):
            call()
    assert len(hub.commits(REPO)) == 2


FILES = {"data/train/000000.parquet": {"rows": 1}}
WITHOUT_DIGESTS = json.dumps({"config": CONFIG, "files": FILES, **DIGESTS}).encode()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"data/train/mine.csv": b"a,b"}, "data/train/mine.csv, and no manifest.json"),
        ({MANIFEST: b"{}"}, "its manifest.json is not one of this project"),
        ({MANIFEST: WITHOUT_DIGESTS}, "its manifest.json is not one of this project"),
        ({MANIFEST: b"no json"}, "its manifest.json is not one of this project"),
    ],
)
def test_a_repository_with_other_things_is_refused(hub, here, api, files, said):
    commit(api, files)
    with pytest.raises(UserError, match=said):
        here(private=False).open()
    assert len(hub.commits(REPO)) == 2


OTHERS = {
    "training.batch_size is 64 there, 128 here": {"training": {"batch_size": 128}},
    "splits.test is 0.0 there, 0.5 here; splits.validation is 0.2 there, 0.1 here": {
        "splits": {"validation": 0.1, "test": 0.5}
    },
    "examples_per_job * ranges_per_shard is 2 there, 1 here": {"examples_per_job": 1},
    "largest_job * ranges_per_shard is 2 there, 8 here": {"largest_job": 8},
    'benchmark.patterns is null there, ["sorted"] here': {"benchmark": {"patterns": ["sorted"]}},
}


@pytest.mark.parametrize("said", OTHERS)
def test_a_dataset_with_other_keys_is_refused_unless_it_may_replace_the_one_that_is_there(hub, here, tmp_path, said):
    folder = write_dataset(tmp_path / "zoo")
    here().open()
    add(here(), folder, "000000")
    config = CONFIG | OTHERS[said]
    with pytest.raises(UserError, match=f"^tester/zoo holds another dataset: {re.escape(said)}; set publish.replace"):
        here(config).open()
    replacing = here(config, replace=True)
    assert replacing.open()[1] is False
    with pytest.raises(UserError, match="which is replaced when this one is whole"):
        add(replacing, folder, "000001")
    replacing.complete(folder)
    assert ours(hub.commits(REPO)[-1]) == digests(folder)


def test_other_code_is_told_where_no_key_differs():
    there = {"config": CONFIG, **DIGESTS}
    assert differences(there, CONFIG, DIGESTS) == ""
    assert differences(there, CONFIG | {"examples_per_job": 1, "largest_job": 1, "ranges_per_shard": 2}, DIGESTS) == ""
    assert differences(there, CONFIG | {"num_examples": 1, "cleanup": True}, DIGESTS) == ""
    other = {"code_sha256": "e" * 64, "config_sha256": "f" * 64}
    assert differences(there, CONFIG, other) == (
        "config_sha256 is dddddddddddd there, ffffffffffff here; code_sha256 is cccccccccccc there, eeeeeeeeeeee here"
    )
    assert "config_sha256" not in differences(there, CONFIG | {"seed": 8}, other)


def test_fewer_examples_are_refused_at_the_start_and_at_the_end(hub, here, tmp_path):
    folder, few = write_dataset(tmp_path / "zoo"), write_dataset(tmp_path / "few", shards=3)
    here().open()
    here().complete(folder)
    fewer = CONFIG | {"num_examples": 6}
    with pytest.raises(
        UserError, match=r"^tester/zoo holds 8 examples and num_examples is 6: 2 would be taken away; ask"
    ):
        here(fewer).open()
    with pytest.raises(UserError, match=r"^tester/zoo: 2 of its 8 examples would be taken away; set publish.replace"):
        here(fewer).complete(few)
    assert len(hub.commits(REPO)) == 2
    assert here(fewer, replace=True).open()[1]
    here(fewer, replace=True).complete(few)
    assert ours(hub.commits(REPO)[-1]) == digests(few)


@pytest.mark.parametrize("name", ["weights/000002.safetensors", "signature_dataset.json", "benchmark_dataset.json"])
def test_other_bytes_of_equal_settings_are_refused(hub, here, tmp_path, name):
    folder, other = write_dataset(tmp_path / "zoo"), write_dataset(tmp_path / "other")
    here().open()
    here().complete(folder)
    (other / name).write_bytes(b"others")
    rewrite(other)
    for call in (lambda: add(here(), other, "000002", "000003"), lambda: here().complete(other)):
        with pytest.raises(UserError, match=f"^tester/zoo: its {name} would become another, of equal settings"):
            call()
    assert ours(hub.commits(REPO)[-1]) == digests(folder)


def test_a_public_repository_gets_nothing_private(hub, here, api, tmp_path):
    folder = write_dataset(tmp_path / "zoo")
    with pytest.raises(
        UserError, match=r"^tester/zoo is public, and publish.private is true: set publish.private to f"
    ):
        here().open()
    here(private=False).open()
    add(here(private=False), folder, "000000")
    with pytest.raises(UserError, match="is public"):
        add(here(), folder, "000001")
    with pytest.raises(UserError, match="is public"):
        here().complete(folder)
    assert len(hub.commits(REPO)) == 2


def test_a_private_repository_stays_private_and_that_is_said(hub, here, caplog):
    here().open()
    assert caplog.messages == []
    here(private=False).open()
    assert caplog.messages == ["tester/zoo is private, though publish.private is false: it stays so"]


def test_of_two_that_publish_at_once_the_smaller_takes_nothing_away(hub, here, tmp_path):
    small, large = write_dataset(tmp_path / "small", shards=2), write_dataset(tmp_path / "large")
    few = here(CONFIG | {"num_examples": 4})
    few.open()
    here().open()
    add(few, small, "000000")
    add(here(), large, "000000", "000001", "000002")
    with pytest.raises(UserError, match=r"^tester/zoo: 2 of its 6 examples would be taken away"):
        few.complete(small)
    here().complete(large)
    assert ours(hub.commits(REPO)[-1]) == digests(large)
