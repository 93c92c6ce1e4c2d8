# A task that cancels itself goes on to its next wait; without one it ends canceled.
import asyncio


async def waits():
    asyncio.current_task().cancel()
    print("still running")
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        print("canceled at the wait")
        raise


async def returns():
    asyncio.current_task().cancel()
    return "lost"


async def fails():
    asyncio.current_task().cancel()
    raise ValueError("kept")


async def waits_for_done():
    f = asyncio.get_running_loop().create_future()
    f.set_result("done")
    asyncio.current_task().cancel()
    print("no wait:", await f)
    await asyncio.sleep(0)
    print("never printed")


async def main():
    for work in (waits, returns, fails, waits_for_done):
        t = asyncio.create_task(work())
        try:
            print(await t)
        except asyncio.CancelledError:
            print("canceled", t.cancelled())
        except ValueError as e:
            print("error", e)


asyncio.run(main())
