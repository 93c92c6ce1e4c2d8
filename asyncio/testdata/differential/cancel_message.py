# The message of a cancellation reaches the task and whoever awaits it.
import asyncio


async def work():
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError as e:
        print("task:", *e.args)
        raise


async def main():
    for messages in (("stop",), ("one", "two"), (None,)):
        t = asyncio.create_task(work())
        await asyncio.sleep(0)
        for m in messages:
            t.cancel(m) if m else t.cancel()
        try:
            await t
        except asyncio.CancelledError as e:
            print("waiter:", *e.args)
    f = asyncio.get_running_loop().create_future()
    f.cancel("a future's")
    try:
        await f
    except asyncio.CancelledError as e:
        print("future:", *e.args)


asyncio.run(main())
