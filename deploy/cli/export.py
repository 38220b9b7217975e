"""`defectgenome export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from ...schemas.errors import InputError
from .run import LabelStore, WorkDir


def export(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.", show_default=False)],
    file_format: Annotated[Literal["extxyz", "cfg", "pckl.gzip"], typer.Option("--format")] = "extxyz",
    workdir: WorkDir = None,
    labels: LabelStore = None,
) -> None:
    """Write a campaign's labelled dataset for another code: extended XYZ, MLIP's cfg, pacemaker's data frame."""
    from ..export import EXPORTERS, labelled_frames
    from ..run_directory import RunDirectory

    if output.is_dir():
        raise InputError(f"-o {output}: is a directory, give a file")
    frames = labelled_frames(RunDirectory.find(name, workdir, labels))
    EXPORTERS[file_format](frames, output)
    if not frames[0].info.get("dft", False):
        print("these labels are NOT DFT: they come from a teacher potential", file=sys.stderr)
    print(f"{output}: {len(frames)} structures")
