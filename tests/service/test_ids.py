"""Ids are random, and never given twice."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from triglot.service.ids import new_id

FORKS = """
import os
from triglot.service.ids import new_id
new_id("")
child = os.fork()
if child:
    os.waitpid(child, 0)
print(*[new_id("") for _ in range(300)])
"""


def test_an_id_is_its_prefix_and_24_digits_and_comes_once() -> None:
    ids = [new_id("msg_") for _ in range(10_000)]
    assert all(re.fullmatch(r"msg_[0-9a-f]{24}", one) for one in ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_child_draws_ids_of_its_own() -> None:
    ids = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, check=True).stdout.split()
    assert len(ids) == len(set(ids)) == 600
