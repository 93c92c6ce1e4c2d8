# An error of the body cancels the tasks and comes last in the group's error.
import asyncio


async def waits(error):
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        print("child canceled")
        if error:
            raise ValueError(error)


async def group(error, child_error):
    try:
        async with asyncio.TaskGroup() as tg:
            t = tg.create_task(waits(child_error))
            await asyncio.sleep(0)
            raise error
    except ExceptionGroup as eg:
        print("group:", [str(e) for e in eg.exceptions])
    except asyncio.CancelledError:
        print("canceled")
    print("child canceled:", t.cancelled())


async def main():
    await group(ValueError("the body's"), None)
    await group(ValueError("the body's"), "the child's")
    await group(asyncio.CancelledError(), None)
    await group(asyncio.CancelledError(), "the child's")


asyncio.run(main())
