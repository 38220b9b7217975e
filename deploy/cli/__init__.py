"""The command line. Each command is one file; what is heavy is imported when a command runs."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable

import typer

from .check import check
from .doctor import doctor
from .evaluate import evaluate
from .export import export
from .grade import grade
from .import_runs import import_runs
from .init import init
from .label import label
from .ledger import ledger
from .plan import plan
from .reconstruct import reconstruct
from .report import report
from .run import run
from .sample import sample
from .scenarios import scenarios
from .select import select
from .status import status
from .train import train
from .verify import verify

app = typer.Typer(
    name="defectgenome",
    help="From an empirical potential and a DFT code to a machine-learning potential for extended defects.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


# errors of files and disks, not of this program
OF_THE_USER = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPIPE),
    *(errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG),
}
_COMMANDS: dict[str, Callable[..., None]] = {
    "init": init,
    "check": check,
    "doctor": doctor,
    "plan": plan,
    "run": run,
    "status": status,
    "report": report,
    "export": export,
    "ledger": ledger,
    "scenarios": scenarios,
    "sample": sample,
    "select": select,
    "reconstruct": reconstruct,
    "verify": verify,
    "label": label,
    "import": import_runs,
    "train": train,
    "evaluate": evaluate,
    "grade": grade,
}
for _name, _function in _COMMANDS.items():
    app.command(_name)(_function)


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
    except OSError as error:
        if error.errno not in OF_THE_USER:
            raise
        print(f"error: {error.filename or 'output'}: {error.strerror}; nothing finished is lost", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        sys.exit(1)
