# run_in_executor and to_thread return values and errors; the loop goes on meanwhile.
import asyncio
import threading


def block(ev):
    ev.wait()
    return "blocked"


def fail():
    raise ValueError("from the thread")


async def main():
    loop = asyncio.get_running_loop()
    ev = threading.Event()
    f = loop.run_in_executor(None, block, ev)
    await asyncio.sleep(0)
    print("loop goes on, done:", f.done())
    ev.set()
    print(await f)
    print(await asyncio.to_thread(lambda a, b: a + b, 1, 2))
    for call in (loop.run_in_executor(None, fail), asyncio.to_thread(fail)):
        try:
            await call
        except ValueError as e:
            print(e)
    print(await asyncio.gather(*(asyncio.to_thread(lambda i=i: i * i) for i in range(5))))


asyncio.run(main())
