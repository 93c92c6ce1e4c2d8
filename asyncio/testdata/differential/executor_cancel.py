# Canceling the wait for an executor's call does not stop the call.
import asyncio
import threading


def block(begun, ev, ended):
    begun.set()
    ev.wait()
    ended.set()


async def main():
    loop = asyncio.get_running_loop()
    begun, ev, ended = threading.Event(), threading.Event(), threading.Event()
    f = loop.run_in_executor(None, block, begun, ev, ended)
    await loop.run_in_executor(None, begun.wait)
    print("cancel", f.cancel(), f.cancelled())
    try:
        await f
    except asyncio.CancelledError:
        print("canceled; call ended:", ended.is_set())
    ev.set()
    await loop.run_in_executor(None, ended.wait)
    print("call ended:", ended.is_set())


asyncio.run(main())
