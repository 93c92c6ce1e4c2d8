# A task that swallows the timeout's cancellation gives its value.
import asyncio


async def inner(swallow):
    for _ in range(swallow):
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            print("swallowed")
    return "value"


async def main():
    print(await asyncio.wait_for(inner(1), 0.01))
    t = asyncio.create_task(inner(2))
    w = asyncio.create_task(asyncio.wait_for(t, 0.01))
    await asyncio.sleep(0.03)
    print("done", w.done())
    w.cancel()
    print((await asyncio.gather(w, return_exceptions=True)) != [])
    t.cancel()
    print(w.cancelled(), await t)


asyncio.run(main())
