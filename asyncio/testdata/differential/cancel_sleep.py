# A canceled sleep ends at once.
import asyncio


async def main():
    t = asyncio.create_task(asyncio.sleep(3600, "slept"))
    await asyncio.sleep(0)
    t.cancel()
    try:
        await t
    except asyncio.CancelledError:
        print("canceled", t.cancelled())
    for delay in (0, 10):
        t = asyncio.create_task(asyncio.sleep(delay, "slept"))
        await asyncio.sleep(0)
        print("cancel", t.cancel())
        print(await asyncio.gather(t, return_exceptions=True) == ["slept"])


asyncio.run(main())
