# Canceling gather cancels its children and waits for them; who awaits it is canceled.
import asyncio


async def work(name):
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        print(name, "canceled")
        await asyncio.sleep(0)
        print(name, "cleaned up")
        if name == "swallows":
            return "value"
        raise


async def main():
    for exceptions in (False, True):
        a = asyncio.create_task(work("a"))
        b = asyncio.create_task(work("swallows"))
        g = asyncio.gather(a, b, return_exceptions=exceptions)
        waiter = asyncio.ensure_future(asyncio.wait([g]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        print("cancel", g.cancel(), "done", g.done())
        try:
            print(await g)
        except asyncio.CancelledError:
            print("gather canceled:", g.cancelled(), a.cancelled(), b.cancelled())
        await waiter
        print("cancel when done", g.cancel())


asyncio.run(main())
