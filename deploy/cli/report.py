"""`defectgenome report`: the report of a campaign."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    name: Annotated[str, typer.Argument(help="campaign; found in runs/NAME")] = "",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="HTML file; report.html in the run directory by default")
    ] = None,
    workdir: Annotated[Path | None, typer.Option(help="run directory, instead of runs/NAME")] = None,
    labels: Annotated[Path | None, typer.Option(help="label store, if it was moved")] = None,
) -> None:
    """Write one self-contained HTML file about a campaign, finished or not."""
    from ...schemas.errors import InputError
    from ..report import write_report
    from ..run_directory import RunDirectory

    if not name and workdir is None:
        raise InputError("report: give the campaign's NAME, or its run directory with --workdir")
    directory = RunDirectory.find(name or str(workdir), workdir, labels)
    path = output if output is not None else directory.root / "report.html"
    write_report(directory, path)
    print(path)
