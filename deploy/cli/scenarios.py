"""`defectgenome scenarios`."""

from __future__ import annotations

from typing import Annotated, Any

import typer


def scenarios(as_json: Annotated[bool, typer.Option("--json", help="machine-readable, on stdout")] = False) -> None:
    """List the sampling library: kinds, their parameters with units and defaults, structures, elements."""
    library = _library()
    if as_json:
        import json

        print(json.dumps(library, indent=2))
        return
    for entry in library:
        _print_entry(entry)


def _library() -> list[dict[str, Any]]:
    from ...schemas.scenario import SCENARIO_MODELS, SIZES
    from ...tasks.sampling.eam_zhou import ELEMENTS

    entries = []
    for model in SCENARIO_MODELS:
        kind = model.model_fields["kind"].default
        simulated = kind != "trajectory"
        entries.append(
            {
                "kind": kind,
                "description": (model.__doc__ or "").strip(),
                "parameters": [_parameter(model, name, SIZES[kind]) for name in model.model_fields if name != "kind"],
                "structures": list(model.structures),
                "potential": "zhou2004" if simulated else None,
                "elements": list(ELEMENTS) if simulated else [],
            }
        )
    return entries


def _parameter(model: Any, name: str, sizes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    from pydantic_core import PydanticUndefined

    field = model.model_fields[name]
    extra = field.json_schema_extra or {}
    default = None if field.default is PydanticUndefined else field.default
    default = list(default) if isinstance(default, tuple) else default
    return {
        "name": name,
        "unit": extra.get("unit"),
        "required": field.is_required(),
        "default": {size: values.get(name, default) for size, values in sizes.items()},
        "description": field.description or "",
    }


def _print_entry(entry: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(f"[bold]{entry['kind']}[/bold]  {entry['description']}")
    known = " ".join(entry["elements"]) or "any"
    console.print(f"structures: {' '.join(entry['structures'])}; elements of zhou2004: {known}", highlight=False)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("parameter", "unit", "quick", "standard", "production", "meaning"):
        table.add_column(column)
    for p in entry["parameters"]:
        defaults = ["required" if p["required"] else str(p["default"][s]) for s in ("quick", "standard", "production")]
        table.add_row(p["name"], p["unit"] or "", *("-" if d == "None" else d for d in defaults), p["description"])
    console.print(table)
    console.print()
