"""
How well a dataset covers newly sampled defects: gamma by scenario, with and without a part of the dataset.

``python benchmarks/coverage.py DATA.extxyz.gz SNAPSHOT... [--without reconstructed] [--figure coverage.svg]``

SNAPSHOT are extended XYZ files as ``defectgenome sample`` writes them, or LAMMPS dumps.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from defectgenome.tasks.frames import read_frames
from defectgenome.tasks.sampling.trajectory import read_trajectory
from defectgenome.tasks.selection.coverage import coverage, coverage_figure, coverage_rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="extended XYZ")
    parser.add_argument("snapshots", nargs="+", type=Path)
    parser.add_argument("--without", action="append", default=[], metavar="FAMILY", help="left out, each by itself")
    parser.add_argument("--key", default="family", help="info key that names families")
    parser.add_argument("--descriptors", default="pod-117")
    parser.add_argument("--figure", type=Path, help=".svg or .png")
    options = parser.parse_args()
    frames = read_frames(options.data)
    elements = sorted({s for f in frames for s in f.get_chemical_symbols()})
    snapshots = read_trajectory(options.snapshots, elements)
    spectra = coverage(snapshots, frames, options.descriptors, elements, without=options.without, key=options.key)
    print(f"{options.data.name}, {options.descriptors}: gamma measures coverage, it is no error bar")
    print(f"{'dataset':28s}{'scenario':32s}{'centres':>9s}{'max':>9s}{'p99':>9s}{'above 2':>9s}")
    for row in coverage_rows(spectra):
        print(
            f"{row['dataset']:28s}{row['scenario']:32s}{row['centres']:9,d}{row['gamma_max']:9.3g}"
            f"{row['gamma_p99']:9.3g}{100 * row['share_above_select']:8.2f}%"
        )
    if options.figure:
        title = f"{options.data.name}, {options.descriptors}"
        options.figure.parent.mkdir(parents=True, exist_ok=True)
        options.figure.write_bytes(coverage_figure(spectra, title, image=options.figure.suffix[1:]))


if __name__ == "__main__":
    main()
