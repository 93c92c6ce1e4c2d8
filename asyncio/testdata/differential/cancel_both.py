# The task and the future it waits for are canceled in the same round: one cancellation.
import asyncio


async def work(f):
    for i in range(2):
        try:
            await (f if i == 0 else asyncio.sleep(0))
            print("wait", i, "ended")
        except asyncio.CancelledError:
            print("wait", i, "canceled")
    return "value"


async def main():
    for task_first in (True, False):
        f = asyncio.get_running_loop().create_future()
        t = asyncio.create_task(work(f))
        await asyncio.sleep(0)
        a, b = (t, f) if task_first else (f, t)
        print(a.cancel(), b.cancel())
        print(await t, t.cancelling())


asyncio.run(main())
