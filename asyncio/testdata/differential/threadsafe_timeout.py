# A thread that loses patience cancels the work it has asked for.
import asyncio
import concurrent.futures
import threading


async def forever(begun, log):
    begun.set()
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        log.append("task canceled")


def thread(loop, log):
    begun = threading.Event()
    f = asyncio.run_coroutine_threadsafe(forever(begun, log), loop)
    begun.wait()
    try:
        f.result(timeout=0.01)
    except concurrent.futures.TimeoutError:
        log.append("thread timed out")
    return f.cancel()


async def main():
    log = []
    print("cancel", await asyncio.to_thread(thread, asyncio.get_running_loop(), log))
    while len(log) < 2:
        await asyncio.sleep(0.001)
    print(log)


asyncio.run(main())
