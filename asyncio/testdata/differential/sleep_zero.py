# sleep(0) gives way once: tasks go round in the order in which they began.
import asyncio


async def work(name, n):
    for i in range(n):
        print(name, i)
        await asyncio.sleep(0)
    return await asyncio.sleep(0, name + " slept")


async def main():
    tasks = [asyncio.create_task(work(n, k)) for n, k in (("a", 3), ("b", 1), ("c", 2))]
    asyncio.get_running_loop().call_soon(print, "callback")
    await asyncio.sleep(0)
    print("main goes on")
    for t in tasks:
        print(await t)


asyncio.run(main())
