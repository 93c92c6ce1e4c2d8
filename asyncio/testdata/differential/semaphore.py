# A semaphore lets in so many, in order; nobody overtakes those who wait.
import asyncio


async def work(sem, name):
    async with sem:
        print(name, "in")
        await asyncio.sleep(0)
        print(name, "out")


async def main():
    sem = asyncio.Semaphore(2)
    tasks = [asyncio.create_task(work(sem, n)) for n in "abcde"]
    await asyncio.sleep(0)
    print("locked", sem.locked())
    await asyncio.wait(tasks)
    print("locked", sem.locked())
    sem = asyncio.Semaphore(0)
    w = asyncio.create_task(sem.acquire())
    await asyncio.sleep(0)
    sem.release()
    print("passed on, locked:", sem.locked())
    print(await w)
    try:
        asyncio.Semaphore(-1)
    except ValueError:
        print("negative value refused")


asyncio.run(main())
