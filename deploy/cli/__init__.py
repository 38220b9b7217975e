"""The command line. Each command is one file; what is heavy is imported when a command runs."""

from __future__ import annotations

import sys

import typer

app = typer.Typer(
    name="defectgenome",
    help="From an empirical potential and a DFT code to a machine-learning potential for extended defects.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line: exit code 0 done, 1 failed, 2 bad input."""
    from ...schemas.errors import DefectGenomeError, InputError

    try:
        app()
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except DefectGenomeError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        sys.exit(1)
