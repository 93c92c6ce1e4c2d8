# Cleanup may wait; a second cancellation interrupts the cleanup.
import asyncio


async def work(f):
    try:
        await f
    finally:
        print("cleanup begins")
        try:
            await asyncio.sleep(0)
            print("cleanup waited")
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            print("cleanup interrupted")
            raise ValueError("from the cleanup")


async def main():
    t = asyncio.create_task(work(asyncio.get_running_loop().create_future()))
    await asyncio.sleep(0)
    t.cancel()
    for _ in range(3):
        await asyncio.sleep(0)
    print("cancel again")
    t.cancel()
    try:
        await t
    except ValueError as e:
        print("ends with:", e)
    print("canceled:", t.cancelled())


asyncio.run(main())
