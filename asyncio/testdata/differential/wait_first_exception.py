# FIRST_EXCEPTION returns at the first error; a cancellation is none.
import asyncio


async def work(f):
    return await f


async def main():
    loop = asyncio.get_running_loop()
    fs = [loop.create_future() for _ in range(4)]
    tasks = [asyncio.create_task(work(f)) for f in fs]
    loop.call_soon(fs[0].set_result, None)
    loop.call_later(0.01, fs[1].cancel)
    loop.call_later(0.03, fs[2].set_exception, ValueError("error"))
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    print("done", [t in done for t in tasks], "pending", len(pending))
    print(tasks[2].exception())
    loop.call_soon(fs[3].set_result, "last")
    done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
    print([t.result() for t in done], len(pending))


asyncio.run(main())
