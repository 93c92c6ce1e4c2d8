# wait returns sets of what is done and what is not; errors are not raised.
import asyncio


async def work(name, rounds, fail=False):
    for _ in range(rounds):
        await asyncio.sleep(0)
    print("end", name)
    if fail:
        raise ValueError(name)
    return name


async def main():
    tasks = [asyncio.create_task(work("a", 3)), asyncio.create_task(work("b", 1, True))]
    done, pending = await asyncio.wait(tasks)
    print(len(done), len(pending))
    for t in tasks:
        print("error" if t.exception() else "value", t.exception() or t.result())
    done, pending = await asyncio.wait(tasks, timeout=0)
    print("again", len(done), len(pending))
    try:
        await asyncio.wait([])
    except ValueError:
        print("an empty set is refused")


asyncio.run(main())
