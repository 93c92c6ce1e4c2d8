# An inner group's error is nested in the outer's; an outer error cancels the inner group.
import asyncio


async def waits(name):
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        print(name, "canceled")
        raise


async def fails(message):
    await asyncio.sleep(0)
    raise ValueError(message)


async def inner(*children):
    async with asyncio.TaskGroup() as tg:
        for c in children:
            tg.create_task(c)


def show(e, depth=0):
    if isinstance(e, ExceptionGroup):
        print(" " * depth + "group of", len(e.exceptions))
        for sub in e.exceptions:
            show(sub, depth + 1)
    else:
        print(" " * depth + str(e))


async def main():
    for children in ((fails("inner"), waits("sibling")), (waits("inner child"),)):
        try:
            async with asyncio.TaskGroup() as tg:
                tg.create_task(inner(*children))
                tg.create_task(waits("outer child") if len(children) > 1 else fails("outer"))
        except ExceptionGroup as eg:
            show(eg)


asyncio.run(main())
