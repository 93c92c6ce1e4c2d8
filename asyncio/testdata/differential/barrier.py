# A barrier lets its parties through together, each with its index, and again.
import asyncio


async def work(barrier, name):
    for i in range(2):
        index = await barrier.wait()
        print(name, "round", i, "index", index)


async def main():
    barrier = asyncio.Barrier(3)
    tasks = [asyncio.create_task(work(barrier, n)) for n in "ab"]
    await asyncio.sleep(0)
    print("parties", barrier.parties, "waiting", barrier.n_waiting, "broken", barrier.broken)
    tasks.append(asyncio.create_task(work(barrier, "c")))
    await asyncio.wait(tasks)
    print("waiting", barrier.n_waiting)
    try:
        asyncio.Barrier(0)
    except ValueError:
        print("no parties: refused")


asyncio.run(main())
