"""
MaxVol in four ways, side by side, each in a process of its own on one core.

``python benchmarks/maxvol.py [DATA.extxyz.gz] [--descriptors pod-117] [--rows 1000000] [--columns 100]``

With DATA the rows are the POD descriptors of its atoms; the synthetic rows are normal random numbers, the hardest
case: no row stands out. The rows lie in a file before a clock starts; reading them counts.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import scipy.linalg
from defectgenome.tasks.frames import read_frames
from defectgenome.tasks.selection.descriptors import descriptor_calculator
from defectgenome.tasks.selection.maxvol import (
    TOLERANCE,
    column_scale,
    dense_maxvol,
    grade,
    lu_rows,
    scaled_inverse,
    stream_maxvol,
)

CHUNK = 16384
METHODS = ("streaming", "dense", "pivoted QR (scipy)", "LU pivots alone")


def chunks(path, columns):
    """Read (ids, rows) pieces of a file of float64."""
    with path.open("rb") as file:
        start = 0
        while len(raw := file.read(8 * columns * CHUNK)):
            rows = np.frombuffer(raw).reshape(-1, columns)
            yield np.arange(start, start + len(rows)), rows
            start += len(rows)


def choose(method, path, n, columns, tolerance):
    """Indices of the chosen rows."""
    if method == "streaming":
        return stream_maxvol(lambda: chunks(path, columns), n, tolerance).ids
    rows = np.fromfile(path).reshape(n, columns)
    if method == "dense":
        return dense_maxvol(rows, tolerance)
    rows /= column_scale(rows)
    if method.startswith("pivoted QR"):
        # an F-ordered view, which LAPACK overwrites: no copy
        return scipy.linalg.qr(rows.T, mode="r", pivoting=True, overwrite_a=True)[1][:columns]
    return lu_rows(rows)


def peak_memory():
    """Largest resident memory of this process so far, GB (``ru_maxrss`` would count its parent's)."""
    [line] = [x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("VmHWM")]
    return int(line.split()[1]) / 1024**2


def measure(job):
    """Run one method: (seconds of CPU, peak memory of the whole process in GB, indices)."""
    started = time.process_time()
    chosen = choose(*job)
    return time.process_time() - started, peak_memory(), chosen


def quality(path, n, columns, chosen):
    """Logarithm of the volume of the chosen rows, columns scaled to at most 1, and the largest gamma of all rows."""
    wanted = np.memmap(path, dtype=float, mode="r", shape=(n, columns))[np.sort(chosen)]
    inverse = scaled_inverse(wanted, column_scale(wanted))
    gamma, size = 0.0, np.zeros(columns)
    for _, rows in chunks(path, columns):
        gamma = max(gamma, grade(rows, inverse).max())
        size = np.maximum(size, np.abs(rows).max(axis=0))
    return np.linalg.slogdet(wanted / size)[1], gamma


def compare(title, path, n, columns, tolerance):
    print(f"\n{title}: {n:,} rows of {columns}, tolerance {tolerance}")
    print(f"{'':20s}{'CPU s':>8s}{'ratio':>8s}{'GB':>8s}{'ratio':>8s}{'ln det':>10s}{'gamma max':>12s}")
    base = None
    for method in METHODS:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            seconds, memory, chosen = pool.apply(measure, ((method, path, n, columns, tolerance),))
        volume, largest = quality(path, n, columns, chosen)
        base = base or (seconds, memory)
        ratios = seconds / base[0], memory / base[1]
        print(
            f"{method:20s}{seconds:8.2f}{ratios[0]:8.2f}{memory:8.2f}{ratios[1]:8.1f}{volume:10.2f}{largest:12.4f}",
            flush=True,
        )


def write_published(data, descriptors, path):
    """Write the rows of a dataset; return how many there are, and of how many columns."""
    frames = read_frames(data)
    elements = sorted({s for f in frames for s in f.get_chemical_symbols()})
    n = 0
    with descriptor_calculator(descriptors, elements) as calculator, path.open("wb") as file:
        for atoms in frames:
            _, rows = calculator.known_rows(atoms)
            file.write(rows.tobytes())
            n += len(rows)
        return n, calculator.n_columns


def write_synthetic(n, columns, path):
    rng = np.random.default_rng(0)
    with path.open("wb") as file:
        for start in range(0, n, CHUNK):
            file.write(rng.standard_normal((min(CHUNK, n - start), columns)).tobytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, help="extended XYZ")
    parser.add_argument("--descriptors", default="pod-117")
    parser.add_argument("--rows", type=int, default=1_000_000, help="synthetic; 0: none")
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--tolerance", type=float, default=TOLERANCE)
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"  # for the processes that are measured
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "rows"
        if options.data:
            size = write_published(options.data, options.descriptors, path)
            compare(f"{options.data.name}, {options.descriptors}", path, *size, options.tolerance)
        if options.rows:
            write_synthetic(options.rows, options.columns, path)
            compare("synthetic", path, options.rows, options.columns, options.tolerance)


if __name__ == "__main__":
    main()
