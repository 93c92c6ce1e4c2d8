# A cancellation from outside goes through nested groups; children that fail nest their errors.
import asyncio


async def child(error):
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        if error:
            raise ValueError(error)


async def host(error):
    async with asyncio.TaskGroup() as outer:
        outer.create_task(child(None))
        async with asyncio.TaskGroup() as inner:
            inner.create_task(child(error))
            await asyncio.get_running_loop().create_future()


def depth(e):
    return 1 + depth(e.exceptions[0]) if isinstance(e, ExceptionGroup) else 0


async def main():
    for error in (None, "cleanup failed"):
        t = asyncio.create_task(host(error))
        for _ in range(3):
            await asyncio.sleep(0)
        t.cancel()
        try:
            await t
        except asyncio.CancelledError:
            print("canceled")
        except ExceptionGroup as e:
            print("groups:", depth(e))


asyncio.run(main())
