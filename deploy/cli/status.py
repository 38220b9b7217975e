"""`defectgenome status`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .run import LabelStore, WorkDir

if TYPE_CHECKING:
    from ..run_directory import RunDirectory


def status(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", show_default=False)] = None,
    workdir: WorkDir = None,
    labels: LabelStore = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
) -> None:
    """Show stages, iterations, gamma, refusals and cost of a campaign; of all below runs/ without a name."""
    from ..run_directory import RunDirectory
    from ..status import print_status
    from ..status import status as state_of

    directories = _directories(name, workdir, labels)
    if as_json:
        states = [state_of(d) for d in directories]
        print(json.dumps(states[0] if name or workdir else states, indent=1, sort_keys=True))
        return
    for directory in directories:
        print_status(directory, _outputs(directory))
    if not directories:
        print(f"no campaign below {RunDirectory(Path('runs')).root}")


def _directories(name: str | None, workdir: Path | None, labels: Path | None) -> list[RunDirectory]:
    from ..run_directory import RunDirectory

    if name or workdir:
        return [RunDirectory.find(name or str(workdir), workdir, labels)]
    return [RunDirectory(p.parent, labels) for p in sorted(Path("runs").glob("*/campaign.json"))]


def _outputs(directory: RunDirectory) -> dict[str, Path]:
    names = {"potential": "potential", "dataset": "dataset.extxyz", "report": "report.html"}
    return {k: directory.root / v for k, v in names.items() if (directory.root / v).exists()}
