# Sleepers wake by their deadlines; a negative delay is zero.
import asyncio


async def nap(ms):
    await asyncio.sleep(ms / 1000)
    print("slept", ms)
    return ms


async def main():
    tasks = [asyncio.create_task(nap(ms)) for ms in (50, 5, 0, -5)]
    await asyncio.sleep(0)
    print("main")
    print([await t for t in tasks])


asyncio.run(main())
