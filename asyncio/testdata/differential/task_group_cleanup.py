# Errors while the group ends: of the body's answer to the cancellation, of a child while the body cleans up.
import asyncio


async def fails(f, message):
    await f
    raise ValueError(message)


async def answers():
    f = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tg:
        tg.create_task(fails(f, "the child's"))
        f.set_result(None)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            raise ValueError("the body's")


async def cleans_up():
    f = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tg:
        tg.create_task(fails(f, "the child's"))
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            print("cleaning up")
            f.set_result(None)
            for _ in range(5):
                await asyncio.sleep(0)
            print("cleaned up")
            raise


async def main():
    for body in (answers, cleans_up):
        t = asyncio.create_task(body())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if body is cleans_up:
            t.cancel()
        try:
            await t
        except ExceptionGroup as e:
            print([str(x) for x in e.exceptions], t.cancelling())


asyncio.run(main())
