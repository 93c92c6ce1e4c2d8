# A bounded semaphore refuses what would exceed its first value; a plain one does not.
import asyncio


async def main():
    sem = asyncio.BoundedSemaphore(1)
    try:
        sem.release()
    except ValueError:
        print("released too often")
    async with sem:
        print("locked", sem.locked())
    print("locked", sem.locked())
    try:
        sem.release()
    except ValueError:
        print("released too often")
    sem = asyncio.Semaphore(1)
    sem.release()
    for _ in range(2):
        print(await sem.acquire(), sem.locked())


asyncio.run(main())
