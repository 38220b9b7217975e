"""One item, computed and published: what it cost is kept beside its content, not in it."""

from __future__ import annotations

from pathlib import Path

from ase.build import bulk
from defectgenome.deploy.directory_store import DirectoryStore
from defectgenome.schemas.artifact import Item, Refusal
from defectgenome.tasks.frames import frames_to_bytes, key_of, round_structure
from defectgenome.workflows.bench import Bench
from defectgenome.workflows.compute import compute_item
from defectgenome.workflows.labelling import _without_cost

PROGRAM = """
import subprocess, sys
from ase.calculators.emt import EMT

BUSY = "import time\\nwhile time.process_time() < 0.5: pass"

class Launched(EMT):
    def calculate(self, *arguments, **options):
        subprocess.run([sys.executable, "-c", BUSY], check=True)
        super().calculate(*arguments, **options)
"""


def test_what_launched_programs_cost_is_counted(tmp_path: Path, monkeypatch):
    (tmp_path / "launched_emt.py").write_text(PROGRAM)
    monkeypatch.syspath_prepend(tmp_path)
    bench = Bench(DirectoryStore(tmp_path / "store"), DirectoryStore(tmp_path / "labels"), tmp_path)
    atoms = round_structure(bulk("Cu", "fcc", 3.6))
    hints = {
        "blob": bench.artifacts.put_blob(frames_to_bytes([atoms])),
        "index": 0,
        "reference": {"engine": "calculator", "calculator": "launched_emt:Launched"},
    }
    item = Item("label", 1, {"structure": key_of(atoms)}, hints)
    compute_item(item, bench)
    label = bench.labels.get(item.key)
    assert label.refusal is None
    assert label.provenance["cpu_s"] > 0.5


def test_what_a_refused_calculation_cost_is_no_content():
    cheap, dear = (Refusal("gate", ("no",), {"failed": ["nelm"], "cpu_seconds": s}) for s in (1.0, 2.0))
    assert _without_cost(cheap)[0] == _without_cost(dear)[0] == Refusal("gate", ("no",), {"failed": ["nelm"]})
    assert _without_cost(dear)[1] == {"cpu_seconds": 2.0}
