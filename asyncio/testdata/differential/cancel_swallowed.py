# A task that catches the cancellation goes on, may wait, and ends with its value.
import asyncio


async def work():
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        print("swallowed")
    await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    print("waited, requests:", asyncio.current_task().cancelling())
    return "value"


async def main():
    t = asyncio.create_task(work())
    await asyncio.sleep(0)
    t.cancel()
    print(await t, "canceled:", t.cancelled())


asyncio.run(main())
