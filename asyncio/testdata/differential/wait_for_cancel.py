# Canceling wait_for's caller cancels what it waits for, and waits for that.
import asyncio


async def work():
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        print("cleanup")
        await asyncio.sleep(0)
        print("cleaned up")


async def caller(timeout):
    try:
        await asyncio.wait_for(work(), timeout)
    except asyncio.CancelledError:
        print("caller canceled", asyncio.current_task().cancelling())
        raise


async def main():
    for timeout in (10, None):
        t = asyncio.create_task(caller(timeout))
        for _ in range(3):
            await asyncio.sleep(0)
        t.cancel()
        try:
            await t
        except asyncio.CancelledError:
            print("canceled:", t.cancelled())
    f = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(f.cancel)
    try:
        await asyncio.wait_for(f, 10)
    except asyncio.CancelledError:
        print("what was waited for was canceled; requests:", asyncio.current_task().cancelling())


asyncio.run(main())
