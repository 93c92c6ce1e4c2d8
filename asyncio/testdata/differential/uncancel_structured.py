# A block that cancels its own task and takes it back, as timeouts do; nested, and with a cancellation from outside.
import asyncio


async def block(name, ms, body):
    """Returns whether the block's own cancellation ended its body."""
    me, expired = asyncio.current_task(), False

    def expire():
        nonlocal expired
        expired = True
        me.cancel()

    timer = asyncio.get_running_loop().call_later(ms / 1000, expire)
    try:
        await body()
    except asyncio.CancelledError:
        if expired and me.uncancel() == 0:
            print(name, "ended its body")
            return True
        raise
    finally:
        timer.cancel()
    return False


async def forever():
    await asyncio.get_running_loop().create_future()


async def nest(outer, inner):
    me = asyncio.current_task()
    o = await block("outer", outer, lambda: block("inner", inner, forever))
    print("outer", o, "requests", me.cancelling())
    await asyncio.sleep(0)


async def main():
    await asyncio.create_task(nest(1000, 10))
    await asyncio.create_task(nest(10, 1000))
    t = asyncio.create_task(nest(1000, 1000))
    await asyncio.sleep(0)
    t.cancel()
    try:
        await t
    except asyncio.CancelledError:
        print("canceled from outside", t.cancelling())


asyncio.run(main())
