"""What belongs to this machine or this user and is no physics: how programs are launched, where labels are shared."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field

from ..schemas.base import UserModel
from ..schemas.errors import InputError
from ..tasks.reference.place import Program
from .yaml_input import load_yaml_model


class ProgramSettings(UserModel):
    """How one program is launched."""

    command: tuple[str, ...] = Field((), description="list form, e.g. [mpirun, -n, '16', vasp_std]")
    environment: dict[str, str] = Field(default_factory=dict, description="variables set for it")
    walltime_s: float | None = Field(None, gt=0, description="of one calculation, s; it stops before with a checkpoint")


class Settings(UserModel):
    """The settings file: ``~/.config/defectgenome/settings.yaml``, or the one that DEFECTGENOME_SETTINGS names."""

    labels: str | None = Field(None, description="label store shared by campaigns")
    vasp: ProgramSettings = ProgramSettings(command=("vasp_std",))
    gpaw: ProgramSettings = ProgramSettings()

    def programs(self) -> dict[str, Program]:
        """Engine -> how its program is launched here."""
        named = {"vasp": self.vasp, "gpaw": self.gpaw}
        return {k: Program(p.command, dict(p.environment), p.walltime_s) for k, p in named.items()}


def settings_path() -> Path:
    """Where the settings are looked for."""
    named = os.environ.get("DEFECTGENOME_SETTINGS")
    return Path(named) if named else Path.home() / ".config" / "defectgenome" / "settings.yaml"


def read_settings() -> Settings:
    """
    Read the settings; defaults where there is no file.

    Raises
    ------
    InputError
        If the file that DEFECTGENOME_SETTINGS names is missing, or a file is wrong (file:line:column).
    """
    path = settings_path()
    if not path.is_file():
        if "DEFECTGENOME_SETTINGS" in os.environ:
            raise InputError(f"{path}: no such file (DEFECTGENOME_SETTINGS names it)")
        return Settings()
    found: Settings = load_yaml_model(path, Settings)
    return found
