# A wait that was notified is canceled while it waits for the lock: canceled, when it has the lock.
import asyncio


async def wait(cond):
    async with cond:
        try:
            await cond.wait()
            print("woke")
        finally:
            print("locked", cond.locked())


async def main():
    cond = asyncio.Condition()
    t = asyncio.create_task(wait(cond))
    await asyncio.sleep(0)
    await cond.acquire()
    cond.notify()
    await asyncio.sleep(0)
    t.cancel()
    await asyncio.sleep(0)
    print("released by main, done:", t.done())
    cond.release()
    await asyncio.wait([t])
    print(t.cancelled(), cond.locked())


asyncio.run(main())
