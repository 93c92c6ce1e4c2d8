# Tasks are made by the loop's factory.
import asyncio


async def work(value):
    return value


def factory(loop, coro, context=None):
    print("made")
    return asyncio.Task(coro, loop=loop)


async def main():
    loop = asyncio.get_running_loop()
    print("default", loop.get_task_factory())
    loop.set_task_factory(factory)
    t = asyncio.create_task(work(1), name="named")
    print(await t, t.get_name())
    print(await asyncio.gather(work(2), work(3)))
    loop.set_task_factory(None)
    print(await asyncio.create_task(work(4)))


asyncio.run(main())
