# ensure_future makes a task of a coroutine and leaves futures as they are.
import asyncio


async def work():
    print("runs")
    return "value"


async def main():
    f = asyncio.get_running_loop().create_future()
    print(asyncio.ensure_future(f) is f)
    t = asyncio.ensure_future(work())
    print(asyncio.ensure_future(t) is t, "done", t.done())
    print(await t)
    f.cancel()
    try:
        asyncio.ensure_future(7)
    except TypeError:
        print("refused")


asyncio.run(main())
