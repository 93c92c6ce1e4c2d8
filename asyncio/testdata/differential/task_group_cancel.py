# Canceling a group's task from outside cancels the children; it stays a cancellation unless a child failed.
import asyncio


canceled = []


async def child(name, error=None):
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        canceled.append(name)
        if error:
            raise ValueError(error)
        raise


async def host(error, in_body):
    async with asyncio.TaskGroup() as tg:
        tg.create_task(child("a"))
        tg.create_task(child("b", error))
        if in_body:
            await asyncio.get_running_loop().create_future()


async def main():
    for error in (None, "cleanup failed"):
        for in_body in (True, False):
            t = asyncio.create_task(host(error, in_body))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            t.cancel()
            try:
                await t
            except asyncio.CancelledError:
                print(sorted(canceled[-2:]))
                print("host canceled", t.cancelled(), t.cancelling())
            except ExceptionGroup as eg:
                print("host failed", [str(e) for e in eg.exceptions], t.cancelling())


asyncio.run(main())
