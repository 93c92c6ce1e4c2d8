# A future given twice has its value twice; a task runs once.
import asyncio


async def work():
    print("runs")
    await asyncio.sleep(0)
    return "value"


async def main():
    t = asyncio.create_task(work())
    f = asyncio.get_running_loop().create_future()
    f.set_result(1)
    print(await asyncio.gather(t, f, t, t))
    g = asyncio.create_task(work())
    both = asyncio.gather(g, g)
    await asyncio.sleep(0)
    both.cancel()
    try:
        await both
    except asyncio.CancelledError:
        print("canceled", g.cancelled(), g.cancelling() > 0)


asyncio.run(main())
