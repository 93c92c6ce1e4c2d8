# cancelling() counts requests, uncancel() takes one back; what has arrived stays arrived.
import asyncio


async def work():
    me = asyncio.current_task()
    print("start", me.cancelling(), me.uncancel())
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        print("canceled", me.cancelling())
    print("uncancel", me.uncancel())
    print("uncancel", me.uncancel(), me.uncancel())
    await asyncio.sleep(0)
    print("waited", me.cancelling())
    me.cancel()
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        print("canceled again", me.cancelling())
    return "value"


async def main():
    t = asyncio.create_task(work())
    await asyncio.sleep(0)
    t.cancel()
    t.cancel()
    print(await t, t.cancelled())


asyncio.run(main())
