# A waiter that has been canceled but has not run yet does not keep others from a free lock.
import asyncio


async def get(lock, name):
    await lock.acquire()
    print(name, "has it")


async def main():
    lock = asyncio.Lock()
    await lock.acquire()
    a = asyncio.create_task(get(lock, "a"))
    await asyncio.sleep(0)
    b = asyncio.create_task(get(lock, "b"))
    a.cancel()
    lock.release()
    await b
    print(a.cancelled(), lock.locked())


asyncio.run(main())
