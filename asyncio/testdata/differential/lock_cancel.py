# A canceled waiter leaves the queue; one that had been woken passes the lock on.
import asyncio


async def work(lock, name):
    try:
        async with lock:
            print(name, "has it")
    except asyncio.CancelledError:
        print(name, "canceled")


async def main():
    lock = asyncio.Lock()
    for when in ("waiting", "woken"):
        await lock.acquire()
        tasks = [asyncio.create_task(work(lock, n)) for n in "abc"]
        await asyncio.sleep(0)
        print(when)
        if when == "woken":
            lock.release()
            tasks[0].cancel()
        else:
            tasks[0].cancel()
            lock.release()
        await asyncio.wait(tasks)
    print("locked:", lock.locked())


asyncio.run(main())
