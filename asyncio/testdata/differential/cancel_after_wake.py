# A task that was woken but has not run yet can still be canceled: the value is left in the future.
import asyncio


async def work(f):
    try:
        print("got", await f)
    except asyncio.CancelledError:
        print("canceled; the future has", f.result())
        raise


async def main():
    f = asyncio.get_running_loop().create_future()
    t = asyncio.create_task(work(f))
    await asyncio.sleep(0)
    f.set_result("value")
    print("cancel", t.cancel())
    try:
        await t
    except asyncio.CancelledError:
        print("task canceled:", t.cancelled())


asyncio.run(main())
