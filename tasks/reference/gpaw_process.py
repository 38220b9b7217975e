"""A program that is run as a process group of its own and dies with whoever started it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...schemas.errors import MissingToolError

# set in the child before it becomes the program, and without preexec_fn, which is not safe among threads
GUARD = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() != int(sys.argv[1]): os._exit(1)
os.execvp(sys.argv[2], sys.argv[2:])
"""
POLL = 0.05  # s
GRACE = 10.0  # s, for MPI's launcher to end its ranks


def run_guarded(
    command: Sequence[str],
    directory: Path,
    *,
    environment: Mapping[str, str],
    log: Path,
    timeout: float | None = None,
) -> int | None:
    """
    Run a program to its end, however this process ends.

    It gets SIGTERM when the thread that called this dies, SIGKILL on that thread included; an exception here ends its
    whole group.

    Parameters
    ----------
    command
        List form; no shell.
    directory
        Where it runs.
    environment
        All of its environment.
    log
        File that takes its output.
    timeout
        s; it is ended afterwards.

    Returns
    -------
    int or None
        Its exit code, negative for a signal; None if it was ended for the timeout.

    Raises
    ------
    MissingToolError
        If there is no such program.
    """
    if shutil.which(command[0], path=environment.get("PATH")) is None:
        raise MissingToolError(f"{command[0]}: no such program")
    guarded = [sys.executable, "-I", "-S", "-c", GUARD, str(os.getpid()), *command]
    deadline = None if timeout is None else time.monotonic() + timeout
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - the user's own program, in list form
            guarded,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        try:
            while not _ended(process):
                if deadline is not None and time.monotonic() > deadline:
                    return None
                time.sleep(POLL)
        finally:
            _end_group(process)
        return process.returncode


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has ended; it is not reaped, so that its group keeps its number."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _end_group(process: subprocess.Popen[bytes]) -> None:
    if not _ended(process):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        patience = time.monotonic() + GRACE
        while not _ended(process) and time.monotonic() < patience:
            time.sleep(POLL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
