# wait_for asks its predicate first, and after each notification.
import asyncio

value = 0


async def consumer(cond, least):
    async with cond:
        def enough():
            print("asked for", least, "have", value)
            return value >= least and "yes"

        print("returned", await cond.wait_for(enough))


async def main():
    global value
    cond = asyncio.Condition()
    tasks = [asyncio.create_task(consumer(cond, n)) for n in (2, 0, 1)]
    await asyncio.sleep(0)
    for value in (1, 2):
        async with cond:
            cond.notify_all()
        for _ in range(5):
            await asyncio.sleep(0)
    print([t.done() for t in tasks])


asyncio.run(main())
