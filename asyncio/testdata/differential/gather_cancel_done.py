import asyncio


async def main():
    # The children of the gather are done, and nobody has been told so yet.
    async def value():
        return 1

    async def work():
        try:
            await asyncio.gather(value(), return_exceptions=True)
        except asyncio.CancelledError:
            print("canceled")
        await asyncio.sleep(0)
        print("went on")

    async def other():
        for i in range(4):
            print("turn", i)
            await asyncio.sleep(0)

    t = asyncio.create_task(work())
    await asyncio.sleep(0)
    o = asyncio.create_task(other())
    asyncio.get_running_loop().call_soon(lambda: print("cancel", t.cancel(), t.cancelling()))
    await o
    await t

    # Asked to end before it awaits such a gather.
    async def late():
        g = asyncio.gather(value(), value())
        await asyncio.sleep(0)
        asyncio.current_task().cancel()
        print("awaits", g.done())
        try:
            await g
        except asyncio.CancelledError:
            print("canceled", g.done(), g.cancelled())

    o = asyncio.create_task(other())
    await asyncio.create_task(late())
    await o


asyncio.run(main())
