# A timeout around a group cancels it and is raised alone; one that a child raises is an error like others.
import asyncio


async def child():
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        print("child ends")


async def child_times_out():
    async with asyncio.timeout(0.01):
        await asyncio.get_running_loop().create_future()


async def main():
    try:
        async with asyncio.timeout(0.01) as t:
            async with asyncio.TaskGroup() as tg:
                tg.create_task(child())
                tg.create_task(child())
    except TimeoutError:
        print("timeout", t.expired(), asyncio.current_task().cancelling())
    try:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(child())
            tg.create_task(child_times_out())
    except ExceptionGroup as eg:
        print("group of", len(eg.exceptions), "timeout:", isinstance(eg.exceptions[0], TimeoutError))


asyncio.run(main())
