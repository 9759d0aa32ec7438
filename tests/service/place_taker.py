"""A process that takes places as it is told, for the tests of places that several processes share.

    python place_taker.py DIRECTORY SLOTS

Lines on standard input: `enter NAME OWNER` and `release NAME`; on standard output: `waits NAME POSITION`, `has NAME SLOT`, `left NAME`.
`race TIMES` takes and gives places as often as said, one or several at once, for twice as many at a time as there are; it says
`raced CLASHES`: how often somebody else had the place as well.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from triglot.service.admission import Admission
from triglot.service.places import open_places


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def tell(ticket, name):
    if ticket.position:
        say("waits", name, ticket.position)
    if await ticket.wait():
        say("has", name, ticket.slot)


async def use(gate, owner, directory, times):
    """Use a place, with a file that only one may have at a time; return how often somebody else had it."""
    clashes = 0
    for turn in range(times):
        ticket = gate.enter(owner, width=1 + turn % 3)
        await ticket.wait()
        mark = directory / f"used-{ticket.slot}"
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            clashes += 1
        await asyncio.sleep(0)
        mark.unlink(missing_ok=True)
        ticket.release()
    return clashes


async def main(directory, slots):
    gate = Admission(queue_limit=1000, places=open_places(directory))
    gate.resize(slots)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    tickets, tasks = {}, []
    say("ready")
    while line := (await lines.readline()).decode().split():
        match line:
            case ["enter", name, owner]:
                tickets[name] = gate.enter(owner)
                tasks.append(asyncio.create_task(tell(tickets[name], name)))
            case ["release", name]:
                tickets.pop(name).release()
                say("left", name)
            case ["race", times]:
                clashes = await asyncio.gather(*(use(gate, str(number), directory, int(times)) for number in range(2 * slots)))
                say("raced", sum(clashes))
    gate.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
