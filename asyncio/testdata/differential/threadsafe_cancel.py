# Canceling what run_coroutine_threadsafe returned cancels the task in the loop.
import asyncio
import concurrent.futures


async def work(started, ended):
    started.set()
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        print("task canceled")
        raise
    finally:
        ended.set()


def thread(f):
    f.cancel()
    try:
        f.result()
    except concurrent.futures.CancelledError:
        return "canceled for the thread"


async def main():
    started, ended = asyncio.Event(), asyncio.Event()
    f = asyncio.run_coroutine_threadsafe(work(started, ended), asyncio.get_running_loop())
    await started.wait()
    said = await asyncio.to_thread(thread, f)
    await ended.wait()
    print(said)


asyncio.run(main())
