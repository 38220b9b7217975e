"""A whole campaign that takes seconds, and the installed program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TINY = """\
campaign: tiny
seed: 7
material: {elements: [W], structure: bcc, lattice_constant: 3.165}
sampling:
  size: quick
  scenarios:
    - {kind: vacancies, box: 16, concentration: 0.02, duration: 0.1, temperature: 600}
    - {kind: polycrystal, box: 20, grains: 2, duration: 0.1, temperatures: [300]}
basic_set: {rattles: [0.1], surfaces: [[1, 0, 0]], gamma_surface: []}
selection: {descriptors: pod-34, max_environments: 3, context_radius: 12}
reconstruction: {effort: quick}
reference: {engine: potential, max_refused: 0.5}
training: {size: "34", ensemble: 2}
active_learning:
  scenarios:
    - {kind: polycrystal, box: 20, grains: 2, duration: 0.1, temperatures: [300]}
  check_every: 25
  max_iterations: 4
"""

PROGRAM = [sys.executable, "-c", "from defectgenome.deploy.cli import main; main()"]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """The campaign's file, in a directory of its own."""
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return path


def environment() -> dict[str, str]:
    """Without settings of whoever runs the tests."""
    return {k: v for k, v in os.environ.items() if not k.startswith("DEFECTGENOME")}


def defectgenome(*arguments: str | Path, cwd: Path, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run a command of the program to its end."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env=environment(),
    )


def status_of(workdir: Path) -> dict:
    """The campaign's state as JSON."""
    done = defectgenome("status", "tiny", "--workdir", workdir, "--json", cwd=workdir.parent)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
