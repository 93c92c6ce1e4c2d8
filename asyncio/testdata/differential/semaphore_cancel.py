# A canceled waiter passes its turn on, also if it had been woken.
import asyncio


async def work(sem, name):
    try:
        await sem.acquire()
        print(name, "in")
    except asyncio.CancelledError:
        print(name, "canceled")


async def main():
    for woken in (False, True):
        sem = asyncio.Semaphore(0)
        tasks = [asyncio.create_task(work(sem, n)) for n in "abc"]
        await asyncio.sleep(0)
        if woken:
            sem.release()
        tasks[0].cancel()
        if not woken:
            sem.release()
        for _ in range(4):
            await asyncio.sleep(0)
        print([t.done() for t in tasks], sem.locked())
        sem.release()
        await asyncio.wait(tasks)


asyncio.run(main())
