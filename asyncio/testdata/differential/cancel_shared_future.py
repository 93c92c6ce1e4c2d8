# Canceling a task cancels the future it waits for, and so all that wait for it.
import asyncio


async def work(name, f):
    try:
        await f
    except asyncio.CancelledError:
        print(name, "canceled, requests:", asyncio.current_task().cancelling())
        if name == "b":
            return "b goes on"
        raise


async def main():
    f = asyncio.get_running_loop().create_future()
    tasks = [asyncio.create_task(work(n, f)) for n in "abc"]
    await asyncio.sleep(0)
    tasks[2].cancel()
    print("future canceled:", f.cancelled())
    for t in tasks:
        try:
            print(await t)
        except asyncio.CancelledError:
            print("canceled")


asyncio.run(main())
