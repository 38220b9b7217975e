"""What all tests share: published data where it is at hand, and a scratch store."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

DATA = Path(os.environ.get("DEFECTGENOME_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def data() -> Path:
    """Directory of the published tungsten data; tests that need it are skipped without."""
    if not (DATA / "W-vasp-924.extxyz.gz").is_file():
        pytest.skip(f"published data not at {DATA} (set DEFECTGENOME_DATA)")
    return DATA
