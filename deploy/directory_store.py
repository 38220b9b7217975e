"""The artifact store in a directory: atomic, content-addressed, safe for many processes and any crash."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..schemas.artifact import Artifact, Item, Outcome, Refusal
from ..schemas.errors import StoreError
from ..schemas.keys import digest

FULL = {errno.ENOSPC, errno.EDQUOT}
PARTIAL_S = 3600.0  # far longer than a file takes to be written


class DirectoryStore:
    """
    Artifacts under ``artifacts/``, their bytes under ``blobs/``, both sharded by the first two digits.

    A file appears under its final name by one atomic link after its bytes are on disk, so what is there is
    whole, and of two processes that publish one key exactly one succeeds.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root).absolute()
        try:
            for name in ("artifacts", "blobs", "again", "partial", "withdrawn", "attempts"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{self.root}: cannot be used as a store: {error.strerror}") from error

    def get(self, key: str) -> Artifact | None:
        """Return the artifact, or None when it is absent or one of its blobs is missing; a withdrawn one refuses."""
        artifact = self.published(key)
        no = self.withdrawn(key) if artifact is not None else None
        return artifact if artifact is None or no is None else replace(artifact, document={}, blobs={}, refusal=no)

    def published(self, key: str) -> Artifact | None:
        """Return the artifact as it was published, withdrawn or not."""
        try:
            artifact = Artifact.from_dict(json.loads(self._artifact_path(key).read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError):  # damaged from outside: as good as absent
            self._artifact_path(key).unlink(missing_ok=True)
            return None
        return artifact if all(self.has_blob(b) for b in artifact.blobs.values()) else None

    def withdraw(self, key: str, why: str, *, again: bool) -> None:
        """
        Take an artifact out of use; what depends on it gets another key.

        Parameters
        ----------
        key
            Of the artifact.
        why
            Is kept.
        again
            Let it be computed anew; otherwise it is a refusal from now on.
        """
        note = json.dumps({"why": why, "when": time.time(), "key": key}).encode()
        if again:
            history = self.root / "attempts" / f"{key}.{uuid.uuid4().hex}.json"
            artifact = self.published(key)
            if artifact is not None:
                raw = {"code": "withdrawn", "reason": why, **artifact.to_dict(), **artifact.provenance}
                self._write_once(history, json.dumps(raw).encode())
            self._artifact_path(key).unlink(missing_ok=True)
        else:
            self._write_once(self.root / "withdrawn" / f"{key}.json", note)

    def withdrawn(self, key: str) -> Refusal | None:
        """Return the refusal that a withdrawal means, or None."""
        try:
            note = json.loads((self.root / "withdrawn" / f"{key}.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return Refusal("withdrawn", (str(note["why"]),))

    def record_attempt(self, item: Item, entry: Mapping[str, Any]) -> None:
        """Keep what is known of an attempt that ended without a result: ``code``, ``reason``, host, time, cost."""
        raw = {"key": item.key, "task": item.task, "inputs": item.inputs, **entry}
        path = self.root / "attempts" / f"{item.key}.{uuid.uuid4().hex}.json"
        self._write_once(path, json.dumps(raw, sort_keys=True).encode())

    def attempts(self) -> list[dict[str, Any]]:
        """All attempts that ended without a result."""
        return [json.loads(path.read_bytes()) for path in sorted((self.root / "attempts").glob("*.json"))]

    def publish(self, item: Item, outcome: Outcome) -> Artifact:
        """Publish once; a second publication keeps the first and is counted in `computed_again`."""
        blobs = {name: self.put_blob(data) for name, data in sorted(outcome.blobs.items())}
        artifact = Artifact(
            key=item.key,
            task=item.task,
            version=item.version,
            inputs=item.inputs,
            document=outcome.document,
            blobs=blobs,
            refusal=outcome.refusal,
            provenance=outcome.provenance,
        )
        data = json.dumps(artifact.to_dict(), sort_keys=True, allow_nan=False).encode()
        if not self._write_once(self._artifact_path(item.key), data):
            first = self.get(item.key)
            if first is not None:
                self._write_once(self.root / "again" / f"{item.key}.{uuid.uuid4().hex}", b"")
                return first
            self._artifact_path(item.key).unlink(missing_ok=True)  # it had lost a blob: publish anew
            self._write_once(self._artifact_path(item.key), data)
        return artifact

    def put_blob(self, data: bytes) -> str:
        """Store bytes under their digest and return it."""
        sha256 = digest(data)
        path = self._blob_path(sha256)
        if path.exists() and path.stat().st_size == len(data):
            return sha256
        path.unlink(missing_ok=True)
        self._write_once(path, data)
        return sha256

    def blob(self, sha256: str) -> bytes:
        """Return the bytes of a digest; a damaged blob is removed, so that what needs it is computed anew."""
        path = self._blob_path(sha256)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise StoreError(f"{path}: blob cannot be read: {error.strerror}") from error
        if digest(data) != sha256:
            path.unlink(missing_ok=True)
            raise StoreError(f"{path}: damaged blob removed; run again to compute it anew")
        return data

    def has_blob(self, sha256: str) -> bool:
        """Whether the bytes are there."""
        return self._blob_path(sha256).is_file()

    def keys(self) -> Iterator[str]:
        """All published keys, sorted."""
        for path in sorted((self.root / "artifacts").glob("*/*.json")):
            yield path.stem

    def computed_again(self) -> int:
        """Number of computations that found their key already published."""
        return sum(1 for _ in (self.root / "again").iterdir())

    def remove_partial(self, older_than_s: float = PARTIAL_S) -> None:
        """Remove what processes that were killed had half written; younger files may still be being written."""
        limit = time.time() - older_than_s
        for path in (self.root / "partial").iterdir():
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < limit:
                    path.unlink()

    def _artifact_path(self, key: str) -> Path:
        return self.root / "artifacts" / key[:2] / f"{key}.json"

    def _blob_path(self, sha256: str) -> Path:
        return self.root / "blobs" / sha256[:2] / sha256

    def _write_once(self, path: Path, data: bytes) -> bool:
        """Write a whole file under a new name; False when the name is taken."""
        partial = self.root / "partial" / uuid.uuid4().hex
        try:
            path.parent.mkdir(exist_ok=True)
            with partial.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(partial, path)
            except FileExistsError:
                return False
            _sync_directory(path.parent)
        except OSError as error:
            what = "the disk is full" if error.errno in FULL else (error.strerror or str(error))
            raise StoreError(f"{path}: cannot be written: {what}; nothing finished is lost, run again") from error
        finally:
            partial.unlink(missing_ok=True)
        return True


def _sync_directory(path: Path) -> None:
    """Make a new name in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
