"""`defectgenome doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def doctor(
    campaign: Annotated[Path | None, typer.Argument(metavar="[CAMPAIGN.yaml]", show_default=False)] = None,
) -> None:
    """Look for each tool and file that is needed: ok, or missing and the mend. Exit 1 when something required is."""
    from ..doctor import examine

    found = examine(campaign)
    for finding in found:
        state = "ok" if finding.ok else ("missing" if finding.required else "absent")
        print(f"{finding.what:<14} {state:<8} {finding.detail}")
    if any(f.required and not f.ok for f in found):
        raise typer.Exit(1)
