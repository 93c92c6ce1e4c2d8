# A group that is ending after an error, or has ended, takes no tasks.
import asyncio


async def nothing():
    pass


def attempt(tg, when):
    c = nothing()
    try:
        tg.create_task(c)
    except RuntimeError:
        print("refused", when)
        c.close()


async def child(tg):
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        attempt(tg, "after a failure")


async def main():
    tg = asyncio.TaskGroup()
    attempt(tg, "before it was entered")
    try:
        async with tg:
            tg.create_task(child(tg))
            await asyncio.sleep(0)
            raise ValueError("failed")
    except ExceptionGroup as e:
        print([str(x) for x in e.exceptions])
    attempt(tg, "after its end")


asyncio.run(main())
