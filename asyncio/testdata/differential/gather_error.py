# The first error ends gather; the other tasks go on.
import asyncio


async def work(name, rounds, fail=False):
    for _ in range(rounds):
        await asyncio.sleep(0)
    print("end", name)
    if fail:
        raise ValueError(name)
    return name


async def main():
    slow = asyncio.create_task(work("slow", 8))
    late = asyncio.create_task(work("late error", 4, True))
    try:
        await asyncio.gather(slow, work("error", 2, True), late)
    except ValueError as e:
        print("gather:", e)
    print("slow done", slow.done())
    print(await slow)
    print(late.exception())


asyncio.run(main())
