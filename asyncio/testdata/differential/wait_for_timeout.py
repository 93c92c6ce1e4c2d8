# wait_for cancels what it waits for, and returns when that has ended.
import asyncio


async def work(how):
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        print(how, "canceled")
        await asyncio.sleep(0)
        print(how, "cleaned up")
        if how == "fails":
            raise ValueError("error of the cleanup")
        raise


async def main():
    for how in ("ends", "fails"):
        t = asyncio.create_task(work(how))
        try:
            await asyncio.wait_for(t, 0.01)
        except asyncio.TimeoutError:
            print("timeout; canceled:", t.cancelled())
        except ValueError as e:
            print("error:", e)
    f = asyncio.get_running_loop().create_future()
    try:
        await asyncio.wait_for(f, 0.01)
    except asyncio.TimeoutError:
        print("timeout; future canceled:", f.cancelled())


asyncio.run(main())
