"""A command on the leash dies with its parent, and all that it started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from defectgenome.tasks.reference import vasp_leash
from defectgenome.tasks.reference.vasp_directory import end_processes, read_record

LEASH = [sys.executable, "-I", "-S", vasp_leash.__file__, "record.json"]
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux")


def leashed(*command: str) -> list[str]:
    return [*LEASH, str(os.getpid()), *command]


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["true"], 0),
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "kill -KILL $$"], 128 + signal.SIGKILL),
        (["no_such_program"], 127),
    ],
)
def test_the_exit_status_is_passed_on_and_written_down(command, status, tmp_path):
    run = subprocess.run(leashed(*command), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == status
    assert json.loads((tmp_path / "record.json").read_text())["status"] == status
    assert ("no_such_program" in run.stderr) == (status == 127)


def test_output_and_error_are_the_commands(tmp_path):
    run = subprocess.run(
        leashed("sh", "-c", "echo out; echo err >&2"), cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert (run.stdout, run.stderr) == ("out\n", "err\n")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_grandchildren_die_when_the_parent_is_killed(number, tmp_path):
    """A wrapper script, in a session of its own, that starts ranks of its own and does not pass signals on."""
    wrapper = "sh -c 'sleep 60 & setsid sleep 61 & wait' & trap '' TERM; echo ready; wait; wait"
    code = (
        "import os, subprocess, sys, time\n"
        f"p = subprocess.Popen({LEASH!r} + [str(os.getpid()), 'bash', '-c', {wrapper!r}], start_new_session=True)\n"
        "time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE)
    assert parent.stdout.readline() == b"ready\n"
    time.sleep(0.3)
    assert len(working_in(tmp_path)) >= 4
    parent.send_signal(number)
    parent.wait()
    limit = time.monotonic() + 12
    while working_in(tmp_path) and time.monotonic() < limit:
        time.sleep(0.05)
    assert working_in(tmp_path) == []


def test_a_command_that_goes_leaves_nothing_behind(tmp_path):
    subprocess.run(leashed("sh", "-c", "setsid sleep 60 & sleep 0.2"), cwd=tmp_path, check=True)
    assert working_in(tmp_path) == []


def test_what_still_runs_in_a_directory_is_ended(tmp_path):
    command = leashed("sleep", "60")
    command[4] = "leash.json"
    running = subprocess.Popen(command, cwd=tmp_path, start_new_session=True)
    while read_record(tmp_path).pid is None:
        time.sleep(0.02)
    end_processes(tmp_path)
    assert running.wait(5) == 128 + signal.SIGTERM
    assert working_in(tmp_path) == []


def test_an_orphan_at_birth_does_not_start(tmp_path):
    run = subprocess.run([*LEASH, "1", "touch", "started"], cwd=tmp_path, check=False)
    assert run.returncode == 125
    assert not (tmp_path / "started").exists()


def working_in(directory: Path) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").resolve() == directory.resolve():
                found.append((entry / "cmdline").read_text())
        except OSError:
            continue
    return [c for c in found if c and "time.sleep(60)" not in c]
