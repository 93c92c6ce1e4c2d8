# A shield around gather protects its children; gather around shields does not cancel the inner.
import asyncio


async def child(f):
    return await f


async def main():
    loop = asyncio.get_running_loop()
    fs = [loop.create_future() for _ in range(2)]
    a, b = (asyncio.create_task(child(f)) for f in fs)
    g = asyncio.gather(a, b)
    s = asyncio.shield(g)
    await asyncio.sleep(0)
    s.cancel()
    await asyncio.sleep(0)
    print("shielded gather", s.cancelled(), g.done(), a.done())
    outer = asyncio.gather(asyncio.shield(a), b)
    await asyncio.sleep(0)
    outer.cancel()
    for f in (outer, g):
        try:
            await f
        except asyncio.CancelledError:
            print("canceled", a.done(), b.cancelled())
    fs[0].set_result("value")
    print(await a)


asyncio.run(main())
