# wait_for around a condition's wait: the timeout comes with the lock held.
import asyncio


async def main():
    cond = asyncio.Condition()
    async with cond:
        try:
            await asyncio.wait_for(cond.wait(), 0.01)
        except asyncio.TimeoutError:
            print("timeout, locked", cond.locked())
        try:
            async with asyncio.timeout(0.01):
                await cond.wait()
        except TimeoutError:
            print("timeout, locked", cond.locked())
    print("locked", cond.locked())


asyncio.run(main())
