# Children that create children end when one fails.
import asyncio

heads = 0


async def hydra(tg):
    global heads
    heads += 1
    await asyncio.sleep(0)
    tg.create_task(hydra(tg))
    tg.create_task(hydra(tg))


async def hercules():
    while heads < 10:
        await asyncio.sleep(0)
    raise ValueError("enough")


async def main():
    try:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(hydra(tg))
            tg.create_task(hercules())
    except ExceptionGroup as e:
        print([str(x) for x in e.exceptions], heads >= 10, len(asyncio.all_tasks()))


asyncio.run(main())
