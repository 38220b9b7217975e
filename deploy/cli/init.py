"""`defectgenome init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ...schemas.errors import InputError


def init(
    element: Annotated[str, typer.Option(help="Chemical symbol.", show_default=False)],
    file: Annotated[Path, typer.Argument(metavar="[FILE]")] = Path("campaign.yaml"),
    size: Annotated[
        Literal["quick", "standard", "production"], typer.Option(help="quick is a rehearsal of minutes.")
    ] = "standard",
) -> None:
    """Write a commented campaign file."""
    from ..template import campaign_template

    text = campaign_template(element, size)
    if file.exists():
        raise InputError(f"{file} exists: choose another name or remove it")
    file.write_text(text, encoding="utf-8")
    print(f"{file}: written; next: defectgenome plan {file}")
