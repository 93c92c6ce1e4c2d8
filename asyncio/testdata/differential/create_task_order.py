# A new task's first step is queued like a callback.
import asyncio


async def leaf(name):
    print("start", name)
    await asyncio.sleep(0)
    print("end", name)
    return name


async def node(name):
    print("start", name)
    kids = [asyncio.create_task(leaf(name + str(i))) for i in range(2)]
    print("created the leaves of", name)
    print(name, [await k for k in kids])


async def main():
    asyncio.get_running_loop().call_soon(print, "callback before")
    a = asyncio.create_task(node("a"))
    asyncio.get_running_loop().call_soon(print, "callback between")
    b = asyncio.create_task(node("b"))
    print("main has created")
    await b
    print("b done, a done:", a.done())


asyncio.run(main())
