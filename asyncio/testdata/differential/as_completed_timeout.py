# After as_completed's timeout each further one is a timeout; the tasks go on.
import asyncio


async def work(f):
    return await f


async def main():
    loop = asyncio.get_running_loop()
    fs = [loop.create_future() for _ in range(3)]
    tasks = [asyncio.create_task(work(f)) for f in fs]
    fs[1].set_result("in time")
    await tasks[1]
    for next_done in asyncio.as_completed(tasks, timeout=0.02):
        try:
            print(await next_done)
        except asyncio.TimeoutError:
            print("timeout")
    print([t.done() for t in tasks])
    fs[0].set_result("late")
    print(await tasks[0])
    tasks[2].cancel()


asyncio.run(main())
