# What is given twice is waited for once.
import asyncio


async def work(name):
    print("runs", name)
    await asyncio.sleep(0)
    return name


async def main():
    a, b = asyncio.create_task(work("a")), asyncio.create_task(work("b"))
    done, pending = await asyncio.wait([a, b, a])
    print(len(done), len(pending))
    for t in asyncio.as_completed([a, b, a]):
        print((await t) in ("a", "b"))


asyncio.run(main())
