# Names, current_task, all_tasks.
import asyncio


async def work():
    print("in", asyncio.current_task().get_name())
    await asyncio.sleep(0)


def names():
    return sorted(t.get_name() for t in asyncio.all_tasks())


async def main():
    asyncio.current_task().set_name("main")
    t = asyncio.create_task(work(), name="worker")
    print(names())
    asyncio.get_running_loop().call_soon(lambda: print("in a callback:", asyncio.current_task()))
    await t
    print(names(), t.get_name())
    t.set_name("renamed")
    print(t.get_name())


asyncio.run(main())
