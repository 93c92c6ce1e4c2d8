# A lock goes to those who wait in their order; who comes when it was passed on waits behind them.
import asyncio


async def work(lock, name):
    async with lock:
        print(name, "has it")
        await asyncio.sleep(0)
    print(name, "released it")


async def main():
    lock = asyncio.Lock()
    print("free", lock.locked())
    await lock.acquire()
    tasks = [asyncio.create_task(work(lock, n)) for n in "abc"]
    await asyncio.sleep(0)
    lock.release()
    print("released")
    await lock.acquire()
    print("main has it again")
    lock.release()
    await asyncio.wait(tasks)
    print("free", not lock.locked())
    try:
        lock.release()
    except RuntimeError:
        print("release of a free lock refused")


asyncio.run(main())
