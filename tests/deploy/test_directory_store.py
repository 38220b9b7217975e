"""The directory store: whole or absent, once, and safe for many processes."""

from __future__ import annotations

import multiprocessing
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from defectgenome.deploy.directory_store import DirectoryStore
from defectgenome.schemas.artifact import Item, Outcome, Refusal
from defectgenome.schemas.errors import StoreError

ITEM = Item("test", 1, {"x": 1})


def test_published_is_found(tmp_path: Path):
    store = DirectoryStore(tmp_path)
    assert store.get(ITEM.key) is None
    published = store.publish(ITEM, Outcome({"energy": -8.9}, {"cell": b"atoms"}, provenance={"host": "a"}))
    found = DirectoryStore(tmp_path).get(ITEM.key)
    assert found == published
    assert store.blob(found.blobs["cell"]) == b"atoms"
    assert list(store.keys()) == [ITEM.key]
    assert store.computed_again() == 0


def test_a_refusal_is_a_result(tmp_path: Path):
    store = DirectoryStore(tmp_path)
    store.publish(ITEM, Outcome(refusal=Refusal("no_feasible_cell", ("why",), {"tried": 3})))
    assert store.get(ITEM.key).refusal == Refusal("no_feasible_cell", ("why",), {"tried": 3})


def test_the_second_publication_keeps_the_first_and_is_counted(tmp_path: Path):
    store = DirectoryStore(tmp_path)
    first = store.publish(ITEM, Outcome({"run": 1}))
    assert store.publish(ITEM, Outcome({"run": 2})) == first
    assert store.get(ITEM.key).document == {"run": 1}
    assert store.computed_again() == 1


def test_the_content_digest_leaves_provenance_out(tmp_path: Path):
    a = DirectoryStore(tmp_path / "a").publish(ITEM, Outcome({"e": 1}, {"b": b"x"}, provenance={"host": "a"}))
    b = DirectoryStore(tmp_path / "b").publish(ITEM, Outcome({"e": 1}, {"b": b"x"}, provenance={"host": "b"}))
    c = DirectoryStore(tmp_path / "c").publish(ITEM, Outcome({"e": 1}, {"b": b"y"}))
    assert a.content_digest == b.content_digest != c.content_digest


def test_a_missing_blob_means_absent_and_is_published_anew(tmp_path: Path):
    store = DirectoryStore(tmp_path)
    sha256 = store.publish(ITEM, Outcome({}, {"cell": b"atoms"})).blobs["cell"]
    next(tmp_path.glob(f"blobs/*/{sha256}")).unlink()
    assert store.get(ITEM.key) is None
    store.publish(ITEM, Outcome({}, {"cell": b"atoms"}))
    assert store.get(ITEM.key) is not None


def test_a_damaged_blob_is_not_believed(tmp_path: Path):
    store = DirectoryStore(tmp_path)
    sha256 = store.put_blob(b"atoms")
    next(tmp_path.glob(f"blobs/*/{sha256}")).write_bytes(b"atomS")
    with pytest.raises(StoreError, match="damaged"):
        store.blob(sha256)
    assert not store.has_blob(sha256)


def test_a_truncated_document_is_absent(tmp_path: Path):
    store = DirectoryStore(tmp_path)
    store.publish(ITEM, Outcome({"energy": -8.9}))
    path = next(tmp_path.glob("artifacts/*/*.json"))
    path.write_text(path.read_text()[:40])
    assert store.get(ITEM.key) is None


def test_a_write_that_fails_is_one_clear_error_and_leaves_nothing(tmp_path: Path):
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from defectgenome.deploy.directory_store import DirectoryStore\n"
        "from defectgenome.schemas.artifact import Item, Outcome\n"
        "from defectgenome.schemas.errors import StoreError\n"
        "store = DirectoryStore(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    store.publish(Item('test', 1, {}), Outcome({}, {'big': b'x' * 5000}))\n"
        "except StoreError as error:\n"
        "    print(error)\n"
    )
    assert resource.RLIMIT_FSIZE is not None
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True)
    assert "cannot be written" in done.stdout
    assert "nothing finished is lost" in done.stdout
    store = DirectoryStore(tmp_path)
    assert list(store.keys()) == []
    assert not list((tmp_path / "partial").iterdir())


def _publish_many(root: Path) -> None:
    store = DirectoryStore(root)
    for i in range(40):
        store.publish(Item("test", 1, {"x": i}), Outcome({"i": i}, {"b": bytes([i]) * 1000}))


def test_many_processes_publish_each_key_once(tmp_path: Path):
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_publish_many, args=(tmp_path,)) for _ in range(4)]
    for p in processes:
        p.start()
    for p in processes:
        p.join()
        assert p.exitcode == 0
    store = DirectoryStore(tmp_path)
    assert len(list(store.keys())) == 40
    assert store.computed_again() == 120


def test_what_a_killed_process_had_half_written_is_removed_in_time(tmp_path: Path):
    store = DirectoryStore(tmp_path)
    old, young = (tmp_path / "partial" / name for name in ("old", "young"))
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    store.remove_partial()
    assert [p.name for p in (tmp_path / "partial").iterdir()] == ["young"]


def test_a_store_that_cannot_be_made_says_so(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used as a store"):
        DirectoryStore(tmp_path / "file" / "store")
