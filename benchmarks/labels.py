"""
What a label costs besides VASP: many labels by the stand-in, time split by who spent it, memory over time.

``python benchmarks/labels.py [--labels 1000] [--atoms 16]``

``--faults`` runs every fault through the same path instead and prints the table of docs/vasp.md.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from ase.build import bulk
from defectgenome.schemas.label import Label
from defectgenome.schemas.reference import VaspSpec
from defectgenome.tasks.reference.place import Place
from defectgenome.tasks.reference.stand_in.potcar import write_potcars
from defectgenome.tasks.reference.stand_in.rehearsal import CASES, rehearse, table
from defectgenome.tasks.reference.vasp import label_with_vasp


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--atoms", type=int, default=16, help="in a cell, 2 n^3")
    parser.add_argument("--faults", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="labels-") as name:
        root = Path(name)
        os.environ["PMG_VASP_PSP_DIR"] = str(write_potcars(root / "potcars", {"W_sv": "W"}))
        if options.faults:
            print(table(faults(root)))
        else:
            labels(root, options.labels, round((options.atoms / 2) ** (1 / 3)))


def tungsten(n, seed):
    atoms = bulk("W", "bcc", a=3.17, cubic=True) * (n, n, n)
    atoms.rattle(0.1, seed=seed)
    return atoms


def faults(root):
    spec = VaspSpec(engine="vasp", potcar={"W": "W_sv"}, stand_in=True, kpoint_spacing=0.5)
    return [(case, *rehearse(case, tungsten(1, 1), spec, root / f"case-{i}")) for i, case in enumerate(CASES)]


def labels(root, count, n):
    spec = VaspSpec(engine="vasp", potcar={"W": "W_sv"}, stand_in=True)
    warm_up = time.perf_counter()
    label_with_vasp(tungsten(n, 0), spec, Place(root / "first"))
    print(f"first label, imports included: {time.perf_counter() - warm_up:.1f} s; then {count} of {2 * n**3} atoms")
    rows, memory = [], []
    for i in range(1, count + 1):
        started = time.perf_counter()
        answer = label_with_vasp(tungsten(n, i), spec, Place(root / "run"))
        total = time.perf_counter() - started
        assert isinstance(answer, Label), answer
        program, job = answer.cost["program_seconds"], answer.cost["wall_seconds"]
        rows.append((total, program, job - program, total - job))
        shutil.rmtree(root / "run")
        if i % max(1, count // 10) == 0:
            memory.append(resident_mb())
            print(f"{i:6d} labels: {memory[-1]:7.1f} MB resident", flush=True)
    print(f"{'s a label':34s}{'median':>9s}{'mean':>9s}{'95 %':>9s}")
    names = ("all", "the stand-in itself", "atomate2 and custodian", "defectgenome")
    for who, values in zip(names, zip(*rows, strict=True), strict=True):
        last = sorted(values)[int(0.95 * (len(values) - 1))]
        print(f"{who:34s}{statistics.median(values):9.3f}{statistics.mean(values):9.3f}{last:9.3f}")
    print(f"memory from the first tenth to the last: {memory[-1] - memory[0]:+.1f} MB")


def resident_mb():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
