"""The official SDKs behind one interface, and the fixture that gives one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sdks.node_sdk import running_node
from tests.sdks.python_sdk import running_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sdks.node_sdk import NodeSdk
    from tests.sdks.python_sdk import PythonSdk

    Sdk = PythonSdk | NodeSdk


@pytest.fixture(scope="session", params=["python", pytest.param("node", marks=pytest.mark.node)])
def sdk(request: pytest.FixtureRequest) -> Iterator[Sdk]:
    with running_python() if request.param == "python" else running_node() as running:
        yield running
