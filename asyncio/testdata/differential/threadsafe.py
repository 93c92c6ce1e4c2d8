# run_coroutine_threadsafe and call_soon_threadsafe bring work into the loop from a thread.
import asyncio
import threading

me = threading.get_ident()


async def work(what):
    await asyncio.sleep(0)
    print(what, "in the loop:", threading.get_ident() == me)
    if what == "fail":
        raise ValueError("failed")
    return what


def thread(loop):
    print(asyncio.run_coroutine_threadsafe(work("value"), loop).result())
    try:
        asyncio.run_coroutine_threadsafe(work("fail"), loop).result()
    except ValueError as e:
        print(e)
    called = threading.Event()
    loop.call_soon_threadsafe(lambda: (print("callback", threading.get_ident() == me), called.set()))
    called.wait()
    return "thread ends"


async def main():
    print(await asyncio.to_thread(thread, asyncio.get_running_loop()))


asyncio.run(main())
