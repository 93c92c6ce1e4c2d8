# With return_exceptions errors and cancellations are values.
import asyncio


async def work(what):
    await asyncio.sleep(0)
    if what == "error":
        raise ValueError("an error")
    if what == "cancel":
        asyncio.current_task().cancel()
        await asyncio.sleep(0)
    return what


async def main():
    kinds = ("value", "error", "cancel", "other")
    for r in await asyncio.gather(*map(work, kinds), return_exceptions=True):
        if isinstance(r, asyncio.CancelledError):
            print("canceled")
        elif isinstance(r, ValueError):
            print("error:", r)
        else:
            print("value:", r)


asyncio.run(main())
