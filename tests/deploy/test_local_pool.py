"""Workers that cannot start end a run with one clear error; they do not keep it waiting."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from defectgenome.deploy.local_pool import LocalPool, Places
from defectgenome.schemas.artifact import Item
from defectgenome.schemas.errors import StoreError


def test_workers_that_do_not_start(tmp_path: Path):
    (tmp_path / "file").write_text("")  # where a store should be
    pool = LocalPool(1, Places(tmp_path / "file", tmp_path / "labels", tmp_path, tmp_path))
    ended = threading.Event()
    try:
        first = pool.submit([Item("fit", 1, {})], lambda _: ended.set())
        assert ended.wait(60)
        assert first.exception() is not None
        with pytest.raises(StoreError, match="do not start"):
            pool.submit([Item("fit", 1, {})], lambda _: None)
    finally:
        pool.stop()
