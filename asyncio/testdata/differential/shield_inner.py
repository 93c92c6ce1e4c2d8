# A shield ends as its task does: canceled or with the error.
import asyncio


async def inner(f):
    return await f


async def main():
    loop = asyncio.get_running_loop()
    for how in ("cancel", "error", "outer first"):
        f = loop.create_future()
        t = asyncio.create_task(inner(f))
        s = asyncio.shield(t)
        await asyncio.sleep(0)
        if how == "cancel":
            t.cancel()
        elif how == "error":
            f.set_exception(ValueError("inner's error"))
        else:
            print("cancel the shield", s.cancel(), t.done())
            f.set_result(None)
        try:
            await s
        except asyncio.CancelledError:
            print(how, "-> canceled", s.cancelled(), t.cancelled())
        except ValueError as e:
            print(how, "->", e)
    print("requests", asyncio.current_task().cancelling())


asyncio.run(main())
