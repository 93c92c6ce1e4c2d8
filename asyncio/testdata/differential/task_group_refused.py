# A group that has ended, or was not entered, takes no tasks.
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


async def main():
    tg = asyncio.TaskGroup()
    attempt(tg, "before it was entered")
    try:
        async with tg:
            raise ValueError("failed")
    except ExceptionGroup as e:
        print([str(x) for x in e.exceptions])
    attempt(tg, "after its end")


asyncio.run(main())
