# Two requests before the task runs arrive once; a request after the first arrived comes again.
import asyncio


async def work(f):
    for i in range(3):
        try:
            await (f if i == 0 else asyncio.sleep(0))
            print("wait", i, "ended")
        except asyncio.CancelledError:
            print("wait", i, "canceled, requests:", asyncio.current_task().cancelling())
    return "value"


async def main():
    t = asyncio.create_task(work(asyncio.get_running_loop().create_future()))
    await asyncio.sleep(0)
    print(t.cancel(), t.cancel(), t.cancelling())
    await asyncio.sleep(0)
    print("third", t.cancel(), t.cancelling())
    print(await t, t.cancelled(), t.cancelling())
    print("when done:", t.cancel(), t.cancelling())


asyncio.run(main())
