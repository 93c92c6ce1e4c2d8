# FIRST_COMPLETED returns at the first end; nothing is canceled.
import asyncio


async def work(name, f):
    await f
    return name


async def main():
    loop = asyncio.get_running_loop()
    fs = [loop.create_future() for _ in range(3)]
    tasks = [asyncio.create_task(work(n, f)) for n, f in zip("abc", fs)]
    loop.call_soon(fs[1].set_result, None)
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    print(sorted(t.result() for t in done), len(pending))
    fs[0].set_result(None)
    fs[2].cancel()
    done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    print("done", len(done), "pending", len(pending))
    print([t.cancelled() for t in tasks])


asyncio.run(main())
