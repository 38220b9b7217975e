"""SIGKILL at random moments, then run on: the same artifacts as an undisturbed run, nothing computed twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from .conftest import PROGRAM, defectgenome, environment, status_of

KILLS = 10


def start(campaign: Path, workdir: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [*PROGRAM, "run", str(campaign), "--workdir", str(workdir), "--workers", "2"],
        cwd=campaign.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=environment(),
    )


def workers_of(process: subprocess.Popen) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def kill(process: subprocess.Popen, how: str, rng: random.Random) -> None:
    """Kill the whole group, the parent alone, or one child alone (the run then goes on)."""
    children = workers_of(process)
    if how == "group":
        os.killpg(process.pid, signal.SIGKILL)
    elif how == "parent":
        process.kill()
    elif children:
        rng.choice(children).kill()
        return
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive, f"workers outlive their parent: {alive}"


@pytest.mark.integration
@pytest.mark.slow
def test_killed_at_random_moments_it_ends_as_if_undisturbed(tiny: Path) -> None:
    calm, stormy = tiny.parent / "calm", tiny.parent / "stormy"
    started = time.monotonic()
    done = defectgenome("run", tiny, "--workdir", calm, "--workers", "2", cwd=tiny.parent)
    length = time.monotonic() - started
    assert done.returncode == 0, done.stderr
    expected = status_of(calm)
    assert expected["state"] == "converged"

    seed = random.SystemRandom().randrange(2**32)
    print(f"kills with seed {seed}")
    rng = random.Random(seed)
    ways = ["group", "parent", "child"] * KILLS
    kills = 0
    process = start(tiny, stormy)
    while kills < KILLS:
        time.sleep(rng.uniform(0.3, 2 + length / 6))
        if process.poll() is not None:  # it came to its end: start it again, which must change nothing
            process = start(tiny, stormy)
            time.sleep(rng.uniform(0.3, 2))
        kill(process, ways[kills], rng)
        kills += 1
        if process.poll() is not None:
            process = start(tiny, stormy)
    assert process.wait(timeout=300) == 0

    last = status_of(stormy)
    assert last["state"] == "converged"
    assert last["artifact_digest"] == expected["artifact_digest"]
    assert last["content_digest"] == expected["content_digest"]
    assert last["computed_again"] == 0
