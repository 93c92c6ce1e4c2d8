import asyncio


async def main():
    # Requests that come while the group ends are answered by its end.
    async def slow(name, n):
        try:
            await asyncio.Future()
        finally:
            for _ in range(n):
                await asyncio.sleep(0)
            print(name, "ends")

    async def host():
        try:
            async with asyncio.TaskGroup() as tg:
                tg.create_task(slow("slow", 6))
        except asyncio.CancelledError:
            print("group canceled", asyncio.current_task().cancelling())
        await asyncio.sleep(0)
        print("went on")

    t = asyncio.create_task(host())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for _ in range(3):
        t.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await t
    print("canceled", t.cancelled())

    # The last task ends in the turn in which the host is asked again.
    async def turns():
        for i in range(5):
            await asyncio.sleep(0)
            print("turn", i)

    for k in range(4):
        t = asyncio.create_task(host())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        t.cancel()
        for _ in range(5 + k):
            await asyncio.sleep(0)
        o = asyncio.create_task(turns())
        t.cancel()
        await t
        await o


asyncio.run(main())
