"""Publishing under kills, a failing Hub and other people's commits: the head is the dataset, whatever happened."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants

from tests.loopback_hub import Fault as HubFault
from tests.loopback_hub import LoopbackHub
from tests.loopback_hub.faults import MOMENTS
from tests.loopback_hub.storage import ObjectStore
from tests.published_zoo import REPO, digests, ours, start, write_dataset
from tests.torture.processes import wait_for
from tests.torture.trial import FailedError, Fault, Trial
from tests.torture.zoo import DATASET, Zoo, any_moment, clean_environment

ENDPOINTS = (
    *("POST /api/repos/create", "GET .*/tree/", "GET /api/datasets/tester/zoo$", "POST .*/paths-info/"),
    *("POST /api/validate-yaml", "POST .*/preupload/", "POST .*/objects/batch", "PUT /lfs-storage/"),
    *("POST .*/lfs/verify", "POST .*/commit/", "GET .*/resolve/", "GET .*/xet-write-token/", "GET /api/whoami"),
)
PASSING = (408, 429, 500, 502, 503, 504)
_SECONDS = 150


@contextmanager
def hub_of(trial: Trial, killed: bool) -> Iterator[LoopbackHub]:
    """A hub of the try's own, which has met no fault of its own in the end, where no client was killed."""
    with LoopbackHub(trial.folder / "hub") as hub:
        yield hub
    if not killed and hub.errors():
        raise FailedError(f"the hub itself failed: {hub.errors()[-500:]}")


def check_head(hub: LoopbackHub, folder: Path) -> None:
    """The head is the folder, and every commit of ours holds exactly what its manifest names."""
    commits = [commit for commit in hub.commits(REPO) if "foreign" not in commit.title]
    if ours(hub.commits(REPO)[-1]) != digests(folder):
        raise FailedError("the head is not the dataset")
    objects = ObjectStore(hub.root / "objects")
    for commit in commits[1:]:
        tree = ours(commit)
        if "manifest.json" not in tree:
            raise FailedError(f"the commit {commit.title!r} has no manifest")
        manifest = json.loads(objects.read(tree.pop("manifest.json")))
        if {name: entry["sha256"] for name, entry in manifest["files"].items()} != tree:
            raise FailedError(f"the commit {commit.title!r} holds something else than its manifest names")
    titles = [commit.title for commit in commits]
    if len(set(titles)) < len(titles):
        raise FailedError(f"committed twice: {titles}")


def _publish(trial: Trial, hub: LoopbackHub, folder: Path, each: int, xet: bool) -> str:
    """What the library's publication printed, which must end well."""
    client = start(hub, folder, trial.folder / "cache", xet=xet, each=each)
    try:
        output, _ = client.communicate(timeout=_SECONDS)
    except TimeoutError:
        raise FailedError("hangs") from None
    finally:
        client.kill()
    if client.returncode:
        raise FailedError(f"status {client.returncode}: {output[-800:]}")
    if hub.token in output:
        raise FailedError("the token is told")
    return output


def any_fault(trial: Trial) -> HubFault:
    """One fault of one kind at one endpoint, which passes."""
    choose = trial.choose
    kind = choose.choice([kind for kind in MOMENTS if kind not in ("die", "foreign_commit", "delay")])
    when = choose.choice(MOMENTS[kind])
    more = {"status": choose.choice(PASSING)} if kind == "status" else {}
    if kind == "status" and choose.random() < 0.3:
        more |= {"body": "<html>Bad Gateway</html>"}
    if kind == "silence":
        more |= {"seconds": choose.uniform(0.1, 2)}
    times, skip = choose.choice([1, 1, 2]), choose.choice([0, 0, 1, 3])
    return HubFault(choose.choice(ENDPOINTS), kind, when=when, times=times, skip=skip, **more)


def hub_faults(trial: Trial) -> str:
    """One to four faults of the Hub while a dataset is published."""
    choose = trial.choose
    faults = [any_fault(trial) for _ in range(choose.randrange(1, 5))]
    xet, each = choose.random() < 0.5, choose.choice([1, 2, 4])
    told = "; ".join(f"{fault.kind} {fault.when} at {fault.match} x {fault.times}" for fault in faults)
    trial.note(told)
    with hub_of(trial, killed=False) as hub:
        folder = write_dataset(trial.folder / "zoo")
        hub.set_faults(faults)
        _publish(trial, hub, folder, each, xet)
        check_head(hub, folder)
    return told


def killed(trial: Trial) -> str:
    """Publishing, by the pipeline or by the library, that is killed once or more at any moment."""
    return _pipeline_killed(trial) if trial.number % 3 == 0 else _library_killed(trial)


def _library_killed(trial: Trial) -> str:
    choose, told = trial.choose, []
    xet = choose.random() < 0.5
    with hub_of(trial, killed=True) as hub:
        folder = write_dataset(trial.folder / "zoo", shards=6)
        for _ in range(choose.randrange(1, 4)):
            endpoint, when = choose.choice(ENDPOINTS), choose.choice(["body", "before", "after"])
            hub.set_faults([HubFault(endpoint, "silence", when=when, seconds=1, skip=choose.choice([0, 1, 2, 5]))])
            client = start(hub, folder, trial.folder / "cache", xet=xet, each=1)
            while client.poll() is None and hub.remaining_faults():
                time.sleep(0.02)
            client.send_signal(signal.SIGKILL)
            client.communicate()
            told.append(f"{when} {endpoint}")
        hub.set_faults([])
        _publish(trial, hub, folder, 1, xet)
        check_head(hub, folder)
    return ", ".join(told)


def _pipeline_killed(trial: Trial) -> str:
    with hub_of(trial, killed=True) as hub:
        env = clean_environment() | hub.client_env(trial.folder / "cache", xet=False)
        settings = [f"publish={{repo_id: {REPO}, every_shards: 1}}"]
        zoo = Zoo(trial.folder / "zoo", trial.folder, settings=settings, env=env)
        moment = any_moment(trial, zoo.folder, trial.bases / "finished")
        endpoint = trial.choose.choice([None, *ENDPOINTS[:-1]])
        trial.note(f"{moment}, {endpoint}")
        if endpoint:
            hub.set_faults([HubFault(endpoint, "silence", when=trial.choose.choice(["before", "after"]), seconds=20)])
        with zoo.start() as running:
            if endpoint:
                wait_for(lambda: hub.remaining_faults() == 0, running, 60, pause=0.05)
            else:
                moment.wait(running)
            running.tell(trial.choose.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGINT]))
            done = running.end(60)
            done.refuse_traceback()
        hub.set_faults([])
        zoo.go_on()
        zoo.compare(trial.bases / "finished")
        check_head(hub, zoo.folder / DATASET)
        if zoo.run().status:
            raise FailedError("the finished run fails when it is typed again")
    return f"the pipeline, {endpoint or moment}"


def foreign_commits(trial: Trial) -> str:
    """Other people commit while a dataset is published, and between two times that it is."""
    choose = trial.choose
    xet, each = choose.random() < 0.5, choose.choice([1, 2])
    with hub_of(trial, killed=False) as hub:
        folder = write_dataset(trial.folder / "zoo")
        times = choose.randrange(5)
        hub.set_faults([HubFault("POST .*/commit/", "foreign_commit", times=times, skip=choose.randrange(3))])
        _publish(trial, hub, folder, each, xet)
        told = f"{times} foreign commits"
        if choose.random() < 0.7:
            told += f", then {_edit(trial, hub, folder)}"
            trial.note(told)
            _publish(trial, hub, folder, each, xet)
        head = hub.tree(REPO)
        found = {name: head[name] for name in digests(folder) if name in head and name != "README.md"}
        expected = {name: digest for name, digest in digests(folder).items() if name != "README.md"}
        expected.pop("manifest.json")
        found.pop("manifest.json", None)
        if found != expected:
            raise FailedError("the head is not the dataset")
        if "then a note" in told and "foreign/note.txt" not in head:
            raise FailedError("somebody's file is gone")
    return told


def _edit(trial: Trial, hub: LoopbackHub, folder: Path) -> str:
    """A commit of somebody else's."""
    names = sorted(name for name in digests(folder) if name not in ("README.md", "manifest.json"))
    name = trial.choose.choice(names)
    kind = trial.choose.choice(["a note", "an edit", "a removal", "a card", "a note and a removal"])
    operations = {
        "a note": [CommitOperationAdd("foreign/note.txt", b"mine")],
        "an edit": [CommitOperationAdd(name, b"spoilt")],
        "a removal": [CommitOperationDelete(name)],
        "a card": [CommitOperationAdd("README.md", (folder / "README.md").read_bytes() + b"\nMore of mine.\n")],
        "a note and a removal": [CommitOperationAdd("foreign/note.txt", b"mine"), CommitOperationDelete(name)],
    }[kind]
    constants.HF_HUB_DISABLE_XET = True
    os.environ["HF_HOME"] = str(trial.folder / "home")
    api = HfApi(endpoint=hub.url, token=hub.token)
    api.create_commit(REPO, operations, commit_message="foreign commit by hand", repo_type="dataset")
    return f"{kind} ({name})"


FAULTS = [
    Fault("publishing-killed", 25, 2, killed, ("finished",)),
    Fault("hub-faults", 50, 2, hub_faults),
    Fault("foreign-commits", 20, 1, foreign_commits),
]
