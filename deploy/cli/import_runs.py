"""`defectgenome import`: labels from finished VASP runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def import_runs(
    directories: Annotated[list[Path], typer.Argument(help="Folder trees with finished VASP runs.", metavar="DIR...")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Extended XYZ to write the labelled structures to.")],
    reference: Annotated[
        Path | None, typer.Option("--reference", help="YAML with `engine: vasp` and the physics that runs must have.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Verdicts as JSON on stdout.")] = False,
) -> None:
    """Import finished VASP runs through the acceptance gate; every ionic step becomes a structure of its own."""
    import json

    from ...schemas.errors import InputError, SimulationError
    from ...schemas.reference import ReferenceSpec, VaspSpec
    from ...tasks.frames import write_frames
    from ...tasks.reference.vasp_import import find_runs, import_run
    from ..progress import log, track
    from ..yaml_input import load_yaml_model

    spec = None if reference is None else load_yaml_model(reference, ReferenceSpec)
    if spec is not None and not isinstance(spec, VaspSpec):
        raise InputError(f"{reference}: engine: {spec.engine}; finished runs are compared with `engine: vasp`")
    runs = [import_run(directory, spec) for directory in track(find_runs(directories), "importing")]
    frames = [frame for run in runs for frame in run.frames]
    if as_json:
        verdicts = [
            {
                "directory": str(run.directory),
                "verdict": "accepted" if run.accepted else "refused",
                "reasons": list(run.reasons),
            }
            for run in runs
        ]
        typer.echo(json.dumps(verdicts, indent=2))
    else:
        for run in runs:
            verdict = f"{len(run.frames)} structures" if run.accepted else "refused"
            typer.echo(f"{run.directory}: {verdict}" + "".join(f"\n    {reason}" for reason in run.reasons))
    if not frames:
        raise SimulationError(f"all {len(runs)} runs were refused")
    write_frames(output, frames)
    log(
        "imported",
        structures=len(frames),
        runs=sum(r.accepted for r in runs),
        refused=sum(not r.accepted for r in runs),
    )
    origins = {(f.info["engine"], f.info["spec"]) for f in frames}
    if len(origins) > 1:
        log("warning", text=f"the runs have {len(origins)} different settings and cannot train one potential together")
