"""Who lives in a folder is told truly, whatever became of those before."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from subject_zoo.base.running import LOCK, Presence

SCRIPTS = Path(__file__).parents[2] / "scripts"
LIVING = """
import sys
from subject_zoo.base.running import Presence
presence = Presence(sys.argv[1])
presence.enter(lambda _: None)
print(presence.alone, flush=True)
if sys.stdin.readline().strip() == "leave":
    presence.leave(well=sys.argv[2] == "well")
"""


class Another:
    """A run in another process."""

    def __init__(self, folder: Path, end: str = "well") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", LIVING, folder, end],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(SCRIPTS)},
        )
        self.alone = self.process.stdout.readline().strip() == "True"

    def end(self, how: str) -> None:
        if how == "killed":
            self.process.send_signal(signal.SIGKILL)
        self.process.communicate("leave\n" if how == "left" else None, timeout=20)


def entered(folder: Path, sure: bool = False) -> tuple[Presence, bool]:
    called = []
    presence = Presence(folder)
    presence.enter(called.append, sure)
    return presence, bool(called)


def rewrite(folder: Path, **changes: object) -> None:
    [note] = folder.glob("*.json")
    note.write_text(json.dumps(json.loads(note.read_text()) | changes))


def test_a_run_beside_a_living_one_is_not_alone_and_knows_who_it_is(tmp_path):
    first = Another(tmp_path)
    assert first.alone
    second, cleaned = entered(tmp_path)
    assert (second.alone, cleaned, second.dead) == (False, False, [])
    assert [note.pid for note in second.others] == [first.process.pid]
    assert str(second.others[0]).startswith(f"process {first.process.pid} on ")
    first.end("left")


@pytest.mark.parametrize(("end", "how", "left"), [("well", "left", 0), ("badly", "left", 1), ("well", "killed", 1)])
def test_whoever_comes_after_a_run_is_alone_and_knows_whether_it_ended_well(tmp_path, end, how, left):
    Another(tmp_path, end).end(how)
    after, cleaned = entered(tmp_path)
    assert (after.alone, cleaned, after.others) == (True, True, [])
    assert len(after.dead) == left
    assert [note.ended for note in after.dead] == [end == "badly"] * left
    after.leave(well=True)
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_a_process_that_it_starts_does_not_keep_a_killed_run_alive(tmp_path):
    program = LIVING.replace("print(", "import subprocess; subprocess.Popen(['sleep', '5'], stdout=-3); print(")
    process = subprocess.Popen(
        [sys.executable, "-c", program, tmp_path, "well"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(SCRIPTS)},
    )
    process.stdout.readline()
    process.kill()
    process.communicate()
    assert entered(tmp_path)[0].alone


@pytest.mark.parametrize("boot", ["another", ""])
def test_a_run_of_another_machine_may_live_although_the_lock_is_free(tmp_path, boot):
    Another(tmp_path).end("killed")
    rewrite(tmp_path, host="elsewhere", boot=boot)
    presence, cleaned = entered(tmp_path)
    assert (presence.alone, cleaned, [note.host for note in presence.others]) == (False, False, ["elsewhere"])
    presence.leave(well=True)
    presence, cleaned = entered(tmp_path, sure=True)
    assert (presence.alone, cleaned, presence.others) == (True, True, [])


def test_a_container_that_had_another_name_is_known_to_be_gone(tmp_path):
    Another(tmp_path).end("killed")
    rewrite(tmp_path, host="3f2a91c0")  # with the same kernel, whose locks hold for all that run on it
    presence, _ = entered(tmp_path)
    if presence.mine.boot:
        assert presence.alone


@pytest.mark.parametrize("error", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_no_error_and_nobody_is_alone(tmp_path, monkeypatch, error):
    def flock(*_):
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(fcntl, "flock", flock)
    presence, cleaned = entered(tmp_path)
    assert (presence.alone, cleaned, presence.others) == (False, False, [])


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    presence, cleaned = entered(tmp_path / "file" / "runs")
    assert (presence.alone, cleaned) == (False, False)
    presence.leave(well=False)


@pytest.mark.parametrize("text", ["", "{", '{"pid": 1}', "[]", '{"pid": 1, "unknown": 2}', "\x00\x00"])
def test_a_note_that_was_cut_short_is_no_error(tmp_path, text):
    (tmp_path / "host.1.2.json").write_text(text)
    presence, _ = entered(tmp_path)
    assert (presence.alone, presence.dead) == (True, [])


def test_what_cleaning_raises_goes_on_and_the_notes_stay(tmp_path):
    Another(tmp_path).end("killed")

    def refuse(_):
        raise SystemExit("no")

    refused = Presence(tmp_path)
    with pytest.raises(SystemExit):
        refused.enter(refuse)
    refused.leave(well=True)
    assert len(list(tmp_path.glob("*.json"))) == 1
    assert entered(tmp_path)[0].dead
