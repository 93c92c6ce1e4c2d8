# A group waits for its tasks, also for those that its tasks create.
import asyncio


async def child(tg, name, depth):
    print("start", name)
    await asyncio.sleep(0)
    if depth:
        tg.create_task(child(tg, name + "'", depth - 1))
    print("end", name)
    return name


async def main():
    async with asyncio.TaskGroup() as tg:
        a = tg.create_task(child(tg, "a", 2))
        b = tg.create_task(child(tg, "b", 0))
        print("body ends")
    print("group ended", a.result(), b.result())
    try:
        async with tg:
            pass
    except RuntimeError:
        print("entered again: refused")


asyncio.run(main())
