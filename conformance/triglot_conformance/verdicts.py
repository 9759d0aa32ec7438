"""What a check says: findings, and the verdict that they come to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SUITE: Final = "suite"
"""The check of a finding that says that the suite itself has failed."""


class Verdict(StrEnum):
    """What came of one case.

    Attributes:
        PASS: all that the case asks for holds.
        FAIL: something does not; the findings say what.
        UNSUPPORTED: the server says, with a proper status, that it does not do what the case needs; or its user says so.
        INCONCLUSIVE: nothing is wrong, but the model did not do what the case is about; or the suite failed, so that nothing is known.
        UNREACHABLE: there was no connection, or no answer within the time.
    """

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    UNSUPPORTED = "unsupported"
    INCONCLUSIVE = "inconclusive"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        check: which check found it.
        message: what it saw.
        rule: the same without values and numbers, so that one fault found in two answers is one rule; empty where nobody compares.
        exchange: number of the exchange in its case, from 0.
        event: number of the event in its stream, from 0.
        inherited: the plainest case of the dialect has it as well, so that it does not count here.
    """

    check: str
    message: str
    rule: str = ""
    exchange: int | None = None
    event: int | None = None
    inherited: bool = False
