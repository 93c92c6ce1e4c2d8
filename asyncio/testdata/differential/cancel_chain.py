# A cancellation goes to the innermost awaited task; what that makes of it is what the others see.
import asyncio


async def inner(how):
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        print("inner canceled")
        if how == "swallow":
            return "inner's value"
        if how == "error":
            raise ValueError("inner's error")
        raise


async def outer(t):
    print("outer got", await t)
    return "outer's value"


async def main():
    for how in ("cancel", "swallow", "error"):
        i = asyncio.create_task(inner(how))
        o = asyncio.create_task(outer(i))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        o.cancel()
        print(how, "requests:", o.cancelling(), i.cancelling())
        try:
            print(await o)
        except asyncio.CancelledError:
            print("outer ends canceled")
        except ValueError as e:
            print("outer ends with", e)
        print("canceled:", i.cancelled(), o.cancelled())


asyncio.run(main())
