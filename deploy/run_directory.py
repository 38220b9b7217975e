"""The directory of one campaign: its stores, its lock, what was given up, and its identity."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError

from ..schemas.artifact import Artifact, Item
from ..schemas.campaign import Campaign
from ..schemas.errors import InputError, LockedError
from ..workflows.inputs import CampaignInputs
from .directory_store import DirectoryStore
from .local_pool import Places
from .settings import Settings

# no physics: none of these is part of a key
FREE_TO_EDIT = (
    "resources",
    "budget",
    "active_learning.max_iterations",
    "reference.max_refused",
    "reconstruction.max_refused",
)


class RunDirectory:
    """
    Where a campaign lives on this machine.

    ``store/`` artifacts, ``labels/`` the label store unless another is given, ``calculations/`` the directories of
    DFT runs, ``scratch/`` what running workers write, ``campaign.json`` the identity, ``given_up.json`` what the
    retry policy gave up.
    """

    def __init__(self, root: Path, labels: Path | None = None) -> None:
        self.root = root.absolute()
        self._labels = labels

    @classmethod
    def find(cls, name: str, workdir: Path | None, labels: Path | None = None) -> RunDirectory:
        """
        Find the run directory of a campaign by name, below the current directory unless told otherwise.

        Raises
        ------
        InputError
            If there is none.
        """
        root = workdir if workdir is not None else Path("runs") / name
        if not (root / "campaign.json").is_file():
            raise InputError(f"no campaign {name!r} at {root}: `defectgenome run CAMPAIGN.yaml` makes one")
        return cls(root, labels)

    @cached_property
    def store(self) -> DirectoryStore:
        """The campaign's artifacts."""
        return DirectoryStore(self.root / "store")

    @cached_property
    def labels(self) -> DirectoryStore:
        """The label store."""
        return DirectoryStore(self._labels or self.recorded().get("labels") or self.root / "labels")

    def places(self, settings: Settings) -> Places:
        """Directories for the workers, and the programs that the settings name."""
        scratch, calculations = self.root / "scratch", self.root / "calculations"
        for path in (scratch, calculations):
            path.mkdir(parents=True, exist_ok=True)
        return Places(self.store.root, self.labels.root, scratch, calculations, settings.programs())

    def recorded(self) -> dict[str, Any]:
        """What `identify` wrote."""
        try:
            return json.loads((self.root / "campaign.json").read_text())
        except (FileNotFoundError, ValueError):
            return {}

    def identify(self, campaign: Campaign, base: Path) -> None:
        """
        Record the campaign, or check that it is still the same one.

        Raises
        ------
        InputError
            If the physics was changed; the message names the keys.
        """
        now = campaign.model_dump(mode="json")
        before = self.recorded().get("campaign")
        if before is not None:
            changed = [k for k in differing_keys(before, now) if not _free(k)]
            if changed:
                raise InputError(
                    f"campaign {campaign.campaign!r} exists at {self.root} with other physics: {', '.join(changed)} "
                    "changed; give it a new name (with the same --labels its labels are used again) or restore it"
                    + self._cost_of_relabelling(changed)
                )
        elsewhere = self.labels.root != self.root / "labels"  # its own may be moved with the run directory
        body = {"campaign": now, "base": str(base.absolute()), "labels": str(self.labels.root) if elsewhere else None}
        self._write("campaign.json", self.recorded() | body)

    def identify_contents(self, inputs: CampaignInputs) -> None:
        """
        Record the contents of the files that the campaign names, or check that they are still the same.

        Raises
        ------
        InputError
            If a potential, a trajectory or a dataset has changed; the message names them.
        """
        now: dict[str, Any] = {name: potential.key for name, potential in inputs.potentials.items()}
        now |= {pattern: [sha256 for _, sha256 in files] for pattern, files in inputs.files.items()}
        before = self.recorded().get("contents", now)
        changed = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
        if changed:
            raise InputError(
                f"campaign {inputs.campaign.campaign!r} exists at {self.root} with another content of "
                f"{', '.join(changed)}; give it a new name or restore the files"
            )
        self._write("campaign.json", self.recorded() | {"contents": now})

    def _cost_of_relabelling(self, changed: list[str]) -> str:
        """What a change of the reference would throw away: no label of the old spec can be used with the new one."""
        if not any(key.startswith("reference.") for key in changed):
            return ""
        from .ledger import cost_by_class, entries

        row = cost_by_class(entries(self.labels)).get("accepted", {"count": 0, "cpu_s": 0.0})
        hours = row["cpu_s"] / 3600
        return f"; under the new reference {row['count']:.0f} labels would be computed anew ({hours:.3g} CPU hours)"

    def campaign(self) -> tuple[Campaign, Path]:
        """
        Return the recorded campaign, and the directory its relative paths start from.

        Raises
        ------
        InputError
            If the record is damaged, or of another version of this program.
        """
        recorded = self.recorded()
        try:
            return Campaign.model_validate(recorded["campaign"]), Path(recorded["base"])
        except (KeyError, ValidationError) as error:
            raise InputError(
                f"{self.root / 'campaign.json'}: not readable as a campaign; `defectgenome run` with its file mends it"
            ) from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        """
        Hold the campaign for this process; the lock ends with the process, however it ends.

        Raises
        ------
        LockedError
            If another process holds it.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("a+") as file:
            try:
                _hold(file)
            except OSError:
                file.seek(0)
                raise LockedError(
                    f"{self.root}: this campaign is being run by {file.read().strip() or 'another process'}"
                ) from None
            _sign(file)
            yield

    def locked(self) -> bool:
        """Whether some process runs the campaign now."""
        try:
            with (self.root / "lock").open("r") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return False

    def given_up(self) -> dict[str, str]:
        """Key -> reason of the items that the retry policy gave up."""
        try:
            return json.loads((self.root / "given_up.json").read_text())
        except (FileNotFoundError, ValueError):
            return {}

    def give_up(self, key: str, reason: str) -> None:
        """Record that an item failed too often."""
        self._write("given_up.json", self.given_up() | {key: reason})

    def forget_given_up(self) -> None:
        """Let everything be tried again."""
        (self.root / "given_up.json").unlink(missing_ok=True)

    def _write(self, name: str, body: dict[str, Any]) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        partial = self.root / f"{name}.part"
        partial.write_text(json.dumps(body, indent=1, sort_keys=True))
        partial.replace(self.root / name)


class PublishedHere:
    """What is published in a run directory, as the planner asks for it; found artifacts are kept in memory."""

    def __init__(self, directory: RunDirectory) -> None:
        self._directory = directory
        self._found: dict[str, Artifact] = {}
        self._lost = directory.given_up()

    def get(self, item: Item) -> Artifact | None:
        """Return the artifact of an item, or None."""
        if item.key not in self._found:
            store = self._directory.labels if item.task == "label" else self._directory.store
            artifact = store.get(item.key)
            if artifact is None:
                return None
            self._found[item.key] = artifact
        return self._found[item.key]

    def given_up(self, item: Item) -> bool:
        """Whether the retry policy has given the item up."""
        return item.key in self._lost

    def record_attempt(self, item: Item, code: str, reason: str) -> None:
        """Keep an attempt at a label that ended without a result in the ledger."""
        entry = {"code": code, "reason": reason, "started": time.time(), "host": platform.node()}
        self._directory.labels.record_attempt(item, entry)

    def give_up(self, item: Item, reason: str) -> None:
        """Record that an item failed too often."""
        self._directory.give_up(item.key, reason)
        self._lost[item.key] = reason


def differing_keys(a: Any, b: Any, prefix: str = "") -> list[str]:
    """Dotted keys in which two plain trees differ."""
    if isinstance(a, dict) and isinstance(b, dict):
        return [
            k
            for name in sorted(a.keys() | b.keys())
            for k in differing_keys(a.get(name), b.get(name), f"{prefix}{name}.")
        ]
    return [] if a == b else [prefix.rstrip(".")]


def _free(key: str) -> bool:
    return any(key == free or key.startswith(f"{free}.") for free in FREE_TO_EDIT)


def _hold(file: IO[str]) -> None:
    """Take the lock; raise OSError when another process keeps it (`locked` has it for an instant)."""
    for _ in range(5):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(0.05)
        else:
            return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sign(file: IO[str]) -> None:
    file.seek(0)
    file.truncate()
    file.write(f"process {os.getpid()} on {platform.node()}")
    file.flush()
