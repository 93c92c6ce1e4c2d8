# Two conditions over one lock.
import asyncio


async def wait(cond, name):
    async with cond:
        await cond.wait()
        print(name, "woke")


async def main():
    lock = asyncio.Lock()
    full, empty = asyncio.Condition(lock), asyncio.Condition(lock)
    tasks = [asyncio.create_task(wait(full, "full")), asyncio.create_task(wait(empty, "empty"))]
    await asyncio.sleep(0)
    async with lock:
        print("locked", full.locked(), empty.locked())
        empty.notify()
    await asyncio.wait(tasks[1:])
    async with full:
        full.notify()
    await asyncio.wait(tasks)


asyncio.run(main())
