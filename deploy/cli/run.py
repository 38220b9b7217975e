"""`defectgenome run`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from .check import CampaignFile

WorkDir = Annotated[Path | None, typer.Option(help="Run directory; runs/NAME by default.", show_default=False)]
LabelStore = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        envvar="DEFECTGENOME_LABELS",
        help="Label store shared by campaigns, so that no label is paid for twice; by default in the run directory.",
        show_default=False,
    ),
]


def run(
    campaign: CampaignFile,
    workers: Annotated[int, typer.Option(min=1, help="Processes; all cores by default.")] = os.cpu_count() or 1,
    workdir: WorkDir = None,
    labels: LabelStore = None,
) -> None:
    """Run a campaign on this machine. Stop it anyhow, run it again: it goes on, nothing finished is done twice."""
    from ..check import check_campaign
    from ..doctor import require_tools
    from ..local import run_campaign
    from ..monitor import Monitor
    from ..outputs import write_outputs
    from ..resolve import resolve_inputs
    from ..run_directory import RunDirectory
    from ..settings import read_settings
    from ..status import print_status

    checked = check_campaign(campaign)
    settings = read_settings()
    require_tools(checked, settings)
    base = campaign.absolute().parent
    shared = None if workdir or settings.labels is None else Path(settings.labels)
    directory = RunDirectory(workdir or Path("runs") / checked.campaign, labels or shared)
    with directory.lock():
        directory.identify(checked, base)
        inputs = resolve_inputs(checked, base, directory.store)
        directory.identify_contents(inputs)
        try:
            with Monitor() as monitor:
                last = run_campaign(inputs, directory, settings, workers, monitor)
            outputs = write_outputs(inputs, directory, last)
        except KeyboardInterrupt:
            print("interrupted: nothing finished is lost; run the same command again to go on", file=sys.stderr)
            raise typer.Exit(1) from None
    print_status(directory, outputs)
    if last.state == "paused":
        print(f"paused: {last.reason}; raise budget.core_hours and run again")
    if last.state == "failed":
        print(f"error: {last.reason}", file=sys.stderr)
        raise typer.Exit(1)
