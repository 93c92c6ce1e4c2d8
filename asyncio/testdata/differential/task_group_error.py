# An error cancels the siblings and the body; all errors are in the group's, cancellations are not.
import asyncio


canceled = []


async def waits(name, error=None):
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        canceled.append(name)
        if error:
            raise ValueError(error)
        raise


async def fails():
    await asyncio.sleep(0)
    raise ValueError("first")


async def main():
    try:
        async with asyncio.TaskGroup() as tg:
            a = tg.create_task(waits("a"))
            b = tg.create_task(waits("b", "error of b's cleanup"))
            f = tg.create_task(fails())
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                print("body canceled")
                raise
    except ExceptionGroup as eg:
        print([str(e) for e in eg.exceptions])
    print("canceled", sorted(canceled))
    print([t.cancelled() for t in (a, b, f)], asyncio.current_task().cancelling())


asyncio.run(main())
