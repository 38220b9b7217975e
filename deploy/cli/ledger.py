"""`defectgenome ledger`: every attempt at a label; and withdrawing labels that proved wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .run import LabelStore, WorkDir

if TYPE_CHECKING:
    from ..ledger import LedgerEntry


def ledger(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)] = "",
    workdir: WorkDir = None,
    labels: LabelStore = None,
    withdraw: Annotated[
        str | None,
        typer.Option(metavar="WHY", help="Withdraw the labels chosen, for this reason; the next run trains anew."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="With --withdraw: compute them anew.")] = False,
    label: Annotated[list[str] | None, typer.Option(help="Key (its first digits), repeatable.")] = None,
    spec: Annotated[str | None, typer.Option(help="Hash of the spec (its first digits).")] = None,
    host: Annotated[str | None, typer.Option(help="Machine that computed them.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Computed at or after this time (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(help="Computed before this time (UTC).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
) -> None:
    """List every attempt at a label with verdict, reason and cost; or withdraw labels by key, spec, host or date."""
    from ...schemas.errors import InputError
    from ..ledger import Choice, entries
    from ..ledger import withdraw as take_out
    from ..run_directory import RunDirectory

    if not name and workdir is None:
        raise InputError("ledger: give the NAME of a campaign, or its --workdir")
    directory = RunDirectory.find(name or str(workdir), workdir, labels)
    choice = Choice(tuple(label or ()), spec, host, _utc(since), _utc(until))
    if withdraw is None:
        found = [e for e in entries(directory.labels) if choice.holds(e)]
    else:
        with directory.lock():
            found = take_out(
                directory.labels, choice, withdraw, again=again, calculations=directory.root / "calculations"
            )
    if as_json:
        print(json.dumps([e.to_dict() for e in found], indent=1))
    else:
        _print(found, directory.labels.root)
    if withdraw is not None:
        print(f"withdrawn: {len(found)} labels; `defectgenome run` trains anew what depends on them")


def _utc(when: datetime | None) -> datetime | None:
    return None if when is None else when.replace(tzinfo=UTC)


def _print(found: list[LedgerEntry], root: Path) -> None:
    from ..ledger import cost_by_class

    print(root)
    for e in found:
        verdict = e.verdict if not e.code else f"{e.verdict}: {e.code}"
        why = "; ".join((*e.reasons, *e.corrections))
        print(f"{e.key[:12]}  {e.when}  {e.host:<12}  {e.cpu_s:9.2f} CPU s  {verdict}{'  ' if why else ''}{why}")
    for kind, row in cost_by_class(found).items():
        print(f"{kind}: {row['count']:.0f}, {row['cpu_s']:.2f} CPU s")
