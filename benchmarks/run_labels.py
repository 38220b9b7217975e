"""
What a VASP label costs through a whole campaign: ``defectgenome run`` with the program that stands in for VASP.

``python benchmarks/run_labels.py [--labels 1000] [--workers 2] [--keep DIR]``

The user's own structures are labelled anew, so that the campaign is labels and little else. Beside it, the same labels
one after the other by ``label_with_vasp`` (see ``benchmarks/labels.py``): the difference is what the planner, the pool,
the stores and the ledger add.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ase.build import bulk
from defectgenome.tasks.frames import write_frames
from defectgenome.tasks.reference.stand_in.potcar import write_potcars

CAMPAIGN = """\
campaign: labels
material: {elements: [W], structure: bcc, lattice_constant: 3.17}
sampling: {scenarios: []}
basic_set: {dataset: cells.extxyz, spec: relabel, equation_of_state: false, strains: 0, rattles: [], vacancy: false,
            surfaces: [], gamma_surface: []}
selection: {descriptors: pod-34}
reference: {engine: vasp, stand_in: true, potcar: {W: W_sv}}
training: {size: "34"}
active_learning: {scenarios: [], max_iterations: 0}
"""
PROGRAM = [sys.executable, "-c", "from defectgenome.deploy.cli import main; main()"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="run-labels-") as name:
        root = Path(name)
        cells = []
        for seed in range(options.labels):
            cells.append(bulk("W", "bcc", a=3.17, cubic=True) * (2, 2, 2))
            cells[-1].rattle(0.1, seed=seed)
        write_frames(root / "cells.extxyz", cells)
        (root / "labels.yaml").write_text(CAMPAIGN)
        os.environ["PMG_VASP_PSP_DIR"] = str(write_potcars(root / "potcars", {"W_sv": "W"}))
        started = time.perf_counter()
        run = subprocess.Popen([*PROGRAM, "run", "labels.yaml", "--workers", str(options.workers)], cwd=root)
        memory = watch(run)
        wall = time.perf_counter() - started
        report(root, wall, memory, options)


def watch(run):
    """Largest resident memory of the program and its workers, MB, by tenths of what was seen."""
    import psutil

    seen = []
    while run.poll() is None:
        try:
            family = [psutil.Process(run.pid), *psutil.Process(run.pid).children(recursive=True)]
            ours = [p for p in family if "stand_in" not in " ".join(p.cmdline())]
            seen.append(sum(p.memory_info().rss for p in ours) / 2**20)
        except psutil.NoSuchProcess:
            continue
        time.sleep(1)
    assert run.returncode == 0
    return seen


def report(root, wall, memory, options):
    rows = [json.loads(p.read_text()) for p in (root / "runs/labels/labels/artifacts").glob("*/*.json")]
    assert len(rows) == options.labels
    total = [r["provenance"]["wall_s"] for r in rows]
    program = [r["provenance"]["cost"]["program_seconds"] for r in rows]
    job = [r["provenance"]["cost"]["wall_seconds"] for r in rows]
    pairs = list(zip(total, program, job, strict=True))
    print(f"{options.labels} labels, {options.workers} workers: {wall:.1f} s, imports, dataset and fit included")
    print(f"{'s a label':44s}{'median':>9s}{'mean':>9s}")
    for who, values in (
        ("all", total),
        ("the stand-in itself", program),
        ("atomate2 and custodian", [j - p for _, p, j in pairs]),
        ("defectgenome, in the worker", [t - j for t, _, j in pairs]),
    ):
        print(f"{who:44s}{statistics.median(values):9.3f}{statistics.mean(values):9.3f}")
    between = wall * options.workers / options.labels - statistics.mean(total)
    print(f"{'between labels (start and end of the run too)':44s}{'':9s}{between:9.3f}")
    third = max(1, len(memory) // 3)
    print(f"resident memory, program and workers: {max(memory[third : 2 * third]):.0f} MB in the second third, "
          f"{max(memory[2 * third :]):.0f} MB in the last")  # fmt: skip


if __name__ == "__main__":
    main()
