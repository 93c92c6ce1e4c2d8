# A task that swallows the timeout's cancellation gives its value.
import asyncio


async def inner(swallow, swallowed):
    for _ in range(swallow):
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            print("swallowed")
            swallowed.set()
    return "value"


async def main():
    swallowed = asyncio.Event()
    print(await asyncio.wait_for(inner(1, swallowed), 0.01))
    swallowed.clear()
    t = asyncio.create_task(inner(2, swallowed))
    w = asyncio.create_task(asyncio.wait_for(t, 0.01))
    await swallowed.wait()
    print("done", w.done())
    w.cancel()
    print((await asyncio.gather(w, return_exceptions=True)) != [])
    t.cancel()
    print(w.cancelled(), await t)


asyncio.run(main())
