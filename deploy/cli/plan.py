"""`defectgenome plan`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from .check import CampaignFile


def plan(
    campaign: CampaignFile,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
) -> None:
    """Show jobs by stage, atoms, core-hours and disk; runs nothing."""
    from ..check import check_campaign
    from ..estimate import estimate

    checked = check_campaign(campaign)
    stages = estimate(checked)
    hours = sum(s.core_hours for s in stages)
    if as_json:
        total = {"core_hours": hours, "disk_mb": sum(s.disk_mb for s in stages), "jobs": sum(s.jobs for s in stages)}
        body = {"campaign": checked.campaign, "stages": [asdict(s) for s in stages], "total": total}
        print(json.dumps(body, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{checked.campaign} ({checked.sampling.size})", title_justify="left")
    table.add_column("stage")
    for name in ("jobs", "atoms", "core-hours", "disk MB"):
        table.add_column(name, justify="right")
    table.add_column("note", overflow="fold")
    for s in stages:
        table.add_row(s.stage, str(s.jobs), str(s.atoms), f"{s.core_hours:.3g}", f"{s.disk_mb:.3g}", s.note)
    table.add_row(
        "total", str(sum(s.jobs for s in stages)), "", f"{hours:.3g}", f"{sum(s.disk_mb for s in stages):.3g}"
    )
    Console().print(table)
    if checked.budget is not None and hours > checked.budget.core_hours:
        print(f"the upper bound exceeds the budget of {checked.budget.core_hours:g} core-hours: it may pause there")
