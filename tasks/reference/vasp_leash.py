"""
Runs a command that dies with its parent: ``python vasp_leash.py RECORD PARENT COMMAND...``.

A program of its own, without any import of this package: it starts in a few hundredths of a second, and a kill of
whoever called it, SIGKILL included, reaches the command and all that the command started. RECORD is a JSON file with
its process id and, in the end, the command's exit status and how long it took.
"""

import contextlib
import ctypes
import json
import os
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
GRACE_S = 5.0  # between the request to stop and the end


def prctl(option: int, value: int) -> None:
    """Set a property of this process; outside Linux there is none."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def record(path: str, entry: dict[str, object]) -> None:
    """Write the record in one piece; a full disk must not stop the command."""
    with contextlib.suppress(OSError):
        with open(path + ".part", "w") as stream:  # noqa: PTH123 - pathlib takes longer to import than all else
            json.dump(entry, stream)
        os.replace(path + ".part", path)  # noqa: PTH105


def descendants() -> list[int]:
    """Ids of all that this process started, directly or not."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc") else []:  # noqa: PTH112, PTH208
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat") as stream:  # noqa: PTH123
                parents[int(name)] = int(stream.read().rsplit(")", 1)[1].split()[1])
    found, level = [], [os.getpid()]
    while level:
        level = [p for p, parent in parents.items() if parent in level]
        found += level
    return found


def sweep(number: int) -> None:
    """Send a signal to all descendants."""
    for pid in descendants():
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def stop_all() -> None:
    """Ask all descendants to stop, wait a little, end them."""
    sweep(signal.SIGTERM)
    limit = time.monotonic() + GRACE_S
    while descendants() and time.monotonic() < limit:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        time.sleep(0.02)
    sweep(signal.SIGKILL)


def start(command: list[str]) -> int:
    """Start the command, bound to this process; return its id."""
    me = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != me:
        os._exit(125)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)  # noqa: S606
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        sys.stderr.flush()
    os._exit(127)


def main(arguments: list[str]) -> int:
    """Run the command; return its exit status as a shell does (128 + signal)."""
    path, parent, command = arguments[0], int(arguments[1]), arguments[2:]
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        return 125

    def stop(number: int, _frame: object) -> None:
        for other in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(other, signal.SIG_IGN)
        stop_all()
        record(path, {"pid": os.getpid(), "status": 128 + number, "stopped": True})
        os._exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    record(path, {"pid": os.getpid()})
    started = time.monotonic()
    child = start(command)
    while True:
        pid, raw = os.wait()
        if pid == child:
            break
    seconds = time.monotonic() - started
    status = os.waitstatus_to_exitcode(raw)
    status = 128 - status if status < 0 else status
    stop_all()
    record(path, {"pid": os.getpid(), "status": status, "seconds": round(seconds, 4)})
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
