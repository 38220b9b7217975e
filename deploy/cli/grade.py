"""`defectgenome grade`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def grade(
    potential: Annotated[Path, typer.Argument(metavar="POTENTIAL", help="Directory that `train` wrote.")],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Extended XYZ or LAMMPS dump.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Extended XYZ with a column gamma.")
    ] = None,
    gamma_select: Annotated[float, typer.Option(min=1.0, help="Threshold that is counted.")] = 2.0,
) -> None:
    """
    Grade atoms by how far they lie outside of a potential's training set (gamma).

    Gamma measures coverage by the training set, in the descriptors named; it is no error bar.
    """
    import json

    from ...tasks.frames import write_frames
    from ...tasks.selection.grading import grade_report, potential_active_set, with_gamma
    from ..progress import track

    active = potential_active_set(potential)
    frames = _read(data, active.elements)
    graded = list(track(with_gamma(frames, active), "grading", total=len(frames)))
    report = grade_report(graded, active, gamma_select)
    if output is not None:
        write_frames(output, graded)
    if as_json:
        print(json.dumps(report, indent=1, sort_keys=True))
        return
    _print(report, gamma_select)


def _read(data: Path, elements: tuple[str, ...]) -> list:
    from ...tasks.frames import read_frames
    from ...tasks.sampling.dump import is_dump
    from ...tasks.sampling.snapshots import snapshot_to_atoms
    from ...tasks.sampling.trajectory import read_trajectory

    if data.is_file() and is_dump(data):
        return [snapshot_to_atoms(s) for s in read_trajectory([data], elements)]
    return read_frames(data)


def _print(report: dict, gamma_select: float) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("atoms of", title=f"Extrapolation grade gamma, descriptors {report['descriptors']}")
    for name in ("structures", "atoms", "gamma max", "gamma p99", f"above {gamma_select:g}"):
        table.add_column(name, justify="right")
    groups = {f"{key} {value}": part for key, values in report.get("by", {}).items() for value, part in values.items()}
    for name, part in {**groups, "all": report}.items():
        table.add_row(
            name,
            f"{part['n_structures']:,}",
            f"{part['n_atoms']:,}",
            f"{part['gamma_max']:.3g}",
            f"{part['gamma_p99']:.3g}",
            f"{part['n_above_select']:,}",
        )
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table)
    console.print("gamma measures coverage by the training set; it is no error bar", style="dim")
