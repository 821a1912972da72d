"""The line on a terminal and in a log, and Snakemake's logger plugin that shows it."""

import io
import logging
import os
import pty
import sys
from itertools import pairwise
from types import SimpleNamespace

import pytest
from main_process import line
from main_process.line import Line
from main_process.progress import Part
from snakemake.settings.enums import Quietness
from snakemake.settings.types import OutputSettings
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry
from snakemake_interface_logger_plugins.tests import TestLogHandlerBase
from snakemake_logger_plugin_subject_zoo import LogHandler

from tests.screen import Screen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def parts(text):
    return [Part(text, 1)]


@pytest.fixture(autouse=True)
def term(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")


def test_on_a_terminal_it_is_written_over_itself_below_all_else():
    stream = Terminal()
    shown = Line(stream)
    stream.write("before\r\n")
    for text in ("one, which is long", "two"):
        shown.show(parts(text))
    screen = Screen(stream.getvalue().replace("\n", "\r\n"))
    assert screen.lines == ["before", "two"]
    assert screen.cursor == (1, 0)
    stream.write("a job's own words\n")
    shown.show(parts("three"))
    assert Screen(stream.getvalue().replace("\n", "\r\n")).lines == ["before", "a job's own words", "three"]
    shown.erase()
    shown.erase()
    stream.write("the end\n")
    assert Screen(stream.getvalue().replace("\n", "\r\n")).lines == ["before", "a job's own words", "the end"]


@pytest.mark.parametrize("columns", [0, 1, 2, 30, 200])
def test_it_is_never_wider_than_the_terminal(columns):
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as stream, os.fdopen(leader, "rb", buffering=0) as sent:
        import fcntl
        import struct
        import termios

        fcntl.ioctl(stream, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
        Line(stream).show(parts("x" * 300))
        assert sum(map(len, Screen(sent.read(1000).decode()).lines)) == (columns or 80) - 1


def test_in_a_log_it_is_a_line_now_and_then_and_soon_where_something_happened(monkeypatch):
    clock = SimpleNamespace(monotonic=lambda: clock.now, strftime=lambda form: "12:00:00", now=0.0)
    monkeypatch.setattr(line, "time", clock)
    stream = io.StringIO()
    shown, told = Line(stream), []
    for second in range(3000):
        clock.now, before = float(second), stream.tell()
        shown.show(parts("x"), event=second >= 2345)
        told += [second] * (stream.tell() > before)
    pauses = [after - before for before, after in pairwise(told)]
    assert told[:3] == [0, 10, 20]
    assert 10 <= min(pauses) < max(pauses) == 60
    assert 2345 in told
    assert stream.getvalue().startswith("12:00:00 x\n12:00:00 x\n")
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {}])
def test_a_terminal_that_obeys_nothing_is_a_log(monkeypatch, environment):
    monkeypatch.delenv("TERM")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    Line(stream := Terminal()).show(parts("x"))
    assert stream.getvalue().endswith(" x\n")
    assert "\x1b" not in stream.getvalue()


def test_a_reader_that_went_away_is_no_error():
    read, write = os.pipe()
    os.close(read)
    stream = os.fdopen(write, "w")
    shown = Line(stream)
    shown.show(parts("x"))
    with pytest.raises(BrokenPipeError):
        stream.close()
    shown._told = -100.0
    shown.show(parts("x"))  # nor is a stream that is closed


# The plugin


def record(event=None, level=logging.INFO, message="Snakemake's words", **fields):
    return logging.makeLogRecord({"event": event, "levelno": level, "msg": message, **fields})


STARTED = record(LogEvent.WORKFLOW_STARTED, message="Workflow has started!")


@pytest.fixture
def handle(monkeypatch):
    """A function that shows records by a handler of some settings, and gives what was printed."""

    def shown(*records, stream=None, **settings):
        monkeypatch.setattr(sys, "stderr", stream := stream or io.StringIO())
        handler = LogHandler(OutputSettings(**settings), None)
        for each in records:
            handler.handle(each)
        handler.close()
        handler.close()  # as Snakemake does
        return stream.getvalue()

    return shown


class TestPlugin(TestLogHandlerBase):
    """Snakemake's own tests of a plugin."""

    __test__ = True

    def get_log_handler_cls(self):
        return LogHandler

    def get_log_handler_settings(self):
        return None


def test_snakemake_finds_the_plugin():
    assert "subject-zoo" in LoggerPluginRegistry().get_registered_plugins()


def test_of_a_run_its_line_is_shown_with_warnings_and_errors_alone(handle):
    job = {"jobid": 1, "rule_name": "make_pools", "wildcards": {}, "log": [], "local": True}
    printed = handle(
        record(),
        STARTED,
        record(LogEvent.JOB_INFO, **job),
        record(level=logging.WARNING, message="a warning"),
        record(LogEvent.PROGRESS, done=1, total=2),
        record(LogEvent.JOB_FINISHED, job_id=1),
        record(level=logging.ERROR, message="an error"),
    )
    assert [text for text in printed.splitlines() if "planning" not in text] == ["a warning", "an error"]


def test_on_a_terminal_the_line_is_gone_in_the_end(handle):
    printed = handle(STARTED, record(level=logging.WARNING, message="a warning"), stream=Terminal())
    screen = Screen(printed.replace("\n", "\r\n"))
    assert "planning" in screen.seen
    assert screen.lines == ["a warning"]


def test_where_nothing_is_run_snakemakes_words_are_shown_as_they_are(handle):
    assert handle(record(message="Unlocked working directory.")) == "Unlocked working directory.\n"
    assert handle(record(), record(level=logging.ERROR, message="no")) == "Snakemake's words\nno\n"


@pytest.mark.parametrize(
    "settings",
    [
        {"dryrun": True},
        {"verbose": True},
        {"printshellcmds": True},
        {"debug_dag": True},
        {"quiet": {Quietness.HOST}},
    ],
)
def test_whoever_asks_for_another_output_gets_snakemakes_own(handle, settings):
    printed = handle(STARTED, record(), **settings)
    assert printed.splitlines()[-1] == "Snakemake's words"
    assert "planning" not in printed


def test_quiet_about_all_is_quiet(handle):
    assert handle(STARTED, record(), record(level=logging.WARNING), quiet={Quietness.ALL}) == ""
