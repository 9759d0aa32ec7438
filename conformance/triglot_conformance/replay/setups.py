"""Set-ups: what a server has to be told before some of the cases make sense, such as which keys it shall ask for.

How a server is told is its own affair, so the list is data, `conformance/setups.yaml`: environment variables for the gateway, and a folder
of recordings in place of the standing ones for the backend. The environment of the entry `default` holds in all others too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from triglot_conformance.case import CaseError
from triglot_conformance.contract.contract import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from triglot_conformance.case import Case


@dataclass(frozen=True)
class Setup:
    """One way to set up the server under test.

    Attributes:
        recordings: the folder whose recordings win over the standing ones, None for no such folder.
    """

    environment: dict[str, str] = field(default_factory=dict)
    recordings: Path | None = None


def load_setups(path: Path, cases: Iterable[Case]) -> dict[str, Setup]:
    """Read the list of set-ups.

    Raises:
        CaseError: a case names one that is not there, or an entry has fields that are not known.
    """
    sources = read_yaml(path)
    shared = sources.get("default", {}).get("environment", {})
    setups = {name: _read_setup(path, name, source, shared) for name, source in sources.items()}
    for case in cases:
        if case.setup not in setups:
            raise CaseError(f"{case.id}: {path} has no set-up {case.setup}")
    return setups


def _read_setup(path: Path, name: str, source: dict[str, Any], shared: dict[str, str]) -> Setup:
    unknown = source.keys() - {"description", "environment", "recordings"}
    environment = {**shared, **source.get("environment", {})}
    recordings = path.parent / "recordings" / source["recordings"] if "recordings" in source else None
    if unknown or not all(isinstance(value, str) for value in environment.values()) or (recordings and not recordings.is_dir()):
        raise CaseError(f"{path}: {name}: an entry has a description, an environment of strings, and a folder of recordings that exists")
    return Setup(environment, recordings)
