# A canceled child is a cancellation for gather's waiter, though nobody canceled it.
import asyncio


async def work(name):
    await asyncio.get_running_loop().create_future()


async def main():
    a = asyncio.create_task(work("a"))
    b = asyncio.create_task(work("b"))
    g = asyncio.gather(a, b)
    await asyncio.sleep(0)
    a.cancel()
    try:
        await g
    except asyncio.CancelledError:
        print("canceled; gather:", g.cancelled(), "b done:", b.done())
    print("main's requests:", asyncio.current_task().cancelling())
    b.cancel()
    await asyncio.wait([b])
    print("b canceled:", b.cancelled())


asyncio.run(main())
