# A canceled wait has the lock again before it ends.
import asyncio


async def wait(cond):
    async with cond:
        try:
            await cond.wait()
        except asyncio.CancelledError:
            print("canceled, locked:", cond.locked())
            raise


async def main():
    cond = asyncio.Condition()
    t = asyncio.create_task(wait(cond))
    await asyncio.sleep(0)
    async with cond:
        t.cancel()
        for _ in range(3):
            await asyncio.sleep(0)
        print("held by main, done:", t.done())
        t.cancel()
        await asyncio.sleep(0)
        print("canceled again, done:", t.done())
    await asyncio.wait([t])
    print("task canceled:", t.cancelled(), "locked:", cond.locked())


asyncio.run(main())
