"""Work that several wait for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from triglot.backend.joint import Joint

from .scripted_server import in_both_loops


class Work:
    """Waits until it may end."""

    def __init__(self) -> None:
        self.begun = 0
        self.result: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.given_up = asyncio.Event()

    async def do(self) -> str:
        self.begun += 1
        try:
            return await self.result
        except asyncio.CancelledError:
            self.given_up.set()
            raise


async def waiters(joint: Joint[Any], count: int) -> list[asyncio.Task[Any]]:
    tasks = [asyncio.create_task(joint.wait()) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


@in_both_loops
async def test_all_get_what_it_gives() -> None:
    work = Work()
    tasks = await waiters(Joint(work.do()), 3)
    work.result.set_result("known")
    assert await asyncio.gather(*tasks) == ["known"] * 3
    assert work.begun == 1


@in_both_loops
async def test_all_hear_how_it_failed() -> None:
    work = Work()
    tasks = await waiters(Joint(work.do()), 2)
    work.result.set_exception(OSError("gone"))
    for task in tasks:
        with pytest.raises(OSError, match="gone"):
            await task


@in_both_loops
async def test_one_may_leave_and_the_others_are_served() -> None:
    work = Work()
    joint = Joint(work.do())
    first, second = await waiters(joint, 2)
    first.cancel()
    await asyncio.wait((first,))
    assert first.cancelled()
    assert joint.is_open
    work.result.set_result("known")
    assert await second == "known"
    assert not joint.is_open


@in_both_loops
async def test_the_last_to_leave_ends_it() -> None:
    work = Work()
    joint = Joint(work.do())
    tasks = await waiters(joint, 2)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert not joint.is_open, "who comes now must not be given up with the others"
    await work.given_up.wait()
