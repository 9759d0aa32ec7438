"""The official SDKs behind one interface, and the fixture that gives one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sdks.node_sdk import NodeSdk, running_node
from tests.sdks.python_sdk import PythonSdk

if TYPE_CHECKING:
    from collections.abc import Iterator

    Sdk = PythonSdk | NodeSdk


@pytest.fixture(scope="session", params=["python", pytest.param("node", marks=pytest.mark.node)])
def sdk(request: pytest.FixtureRequest) -> Iterator[Sdk]:
    if request.param == "python":
        yield PythonSdk()
    else:
        with running_node() as node:
            yield node
