# A task that is canceled before its first step never runs.
import asyncio


async def work():
    print("never printed")


async def main():
    t = asyncio.create_task(work())
    t.add_done_callback(lambda t: print("callback, canceled:", t.cancelled()))
    print("cancel", t.cancel(), "done", t.done(), "canceled", t.cancelled())
    try:
        await t
    except asyncio.CancelledError:
        print("main sees it; main's own requests:", asyncio.current_task().cancelling())
    print("done", t.done(), "canceled", t.cancelled(), "cancel", t.cancel())


asyncio.run(main())
