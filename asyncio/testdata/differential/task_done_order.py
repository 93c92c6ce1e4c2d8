# The end of a task is told through call_soon, to its callbacks and waiters in order.
import asyncio


async def work():
    await asyncio.sleep(0)
    print("work")
    asyncio.get_running_loop().call_soon(print, "scheduled by the last step")
    return 5


async def wait(t, name):
    print(name, await t)


async def main():
    t = asyncio.create_task(work())
    t.add_done_callback(lambda _: print("callback 1"))
    w1 = asyncio.create_task(wait(t, "waiter 1"))
    w2 = asyncio.create_task(wait(t, "waiter 2"))
    print("main waits")
    print("main", await t)
    print(w1.done(), w2.done())
    await asyncio.wait([w1, w2])


asyncio.run(main())
