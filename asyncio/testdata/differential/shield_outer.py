# Canceling a shield's waiter leaves the shielded task alone.
import asyncio


async def inner(f):
    print("inner got", await f)
    return "value"


async def caller(t):
    try:
        return await asyncio.shield(t)
    except asyncio.CancelledError:
        print("caller canceled, inner done:", t.done())
        raise


async def main():
    f = asyncio.get_running_loop().create_future()
    t = asyncio.create_task(inner(f))
    c = asyncio.create_task(caller(t))
    await asyncio.sleep(0)
    c.cancel()
    try:
        await c
    except asyncio.CancelledError:
        print("inner canceled:", t.cancelled())
    f.set_result("signal")
    print(await t)
    s = asyncio.shield(t)
    print("done at once:", s.done())
    print(await s)


asyncio.run(main())
