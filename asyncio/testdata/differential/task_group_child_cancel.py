# A child that is canceled alone, or returns a cancellation, does not disturb its group.
import asyncio


async def waits(f):
    return await f


async def raises():
    raise asyncio.CancelledError


async def main():
    loop = asyncio.get_running_loop()
    f = loop.create_future()
    async with asyncio.TaskGroup() as tg:
        a = tg.create_task(waits(loop.create_future()))
        b = tg.create_task(waits(f))
        c = tg.create_task(raises())
        await asyncio.sleep(0)
        a.cancel()
        await asyncio.sleep(0)
        print("a", a.cancelled(), "c", c.cancelled(), "b", b.done())
        f.set_result("value")
    print("group ended", b.result(), asyncio.current_task().cancelling())


asyncio.run(main())
