"""`defectgenome check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

CampaignFile = Annotated[Path, typer.Argument(metavar="CAMPAIGN.yaml", show_default=False)]


def check(campaign: CampaignFile) -> None:
    """Check a campaign file: exit 0, or 2 with file:line:column and what would be right for each mistake."""
    from ..check import check_campaign

    checked = check_campaign(campaign)
    print(f"{campaign}: ok (campaign {checked.campaign})")
