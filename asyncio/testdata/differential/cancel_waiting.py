# Cancellation arrives at the wait, cleanup runs, and the end is told as for any task.
import asyncio


async def work(f):
    try:
        await f
    except asyncio.CancelledError:
        print("canceled; the future too:", f.cancelled())
        raise
    finally:
        print("cleanup")


async def main():
    loop = asyncio.get_running_loop()
    t = asyncio.create_task(work(loop.create_future()))
    t.add_done_callback(lambda t: print("done callback"))
    await asyncio.sleep(0)
    loop.call_soon(print, "before the cancel")
    t.cancel()
    loop.call_soon(print, "after the cancel")
    print("requested, done:", t.done())
    try:
        await t
    except asyncio.CancelledError:
        print("ended, canceled:", t.cancelled())


asyncio.run(main())
