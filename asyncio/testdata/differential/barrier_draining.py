# Who comes while a barrier empties is of the next round; a guard gives the index.
import asyncio


async def work(barrier, name):
    async with barrier as index:
        print(name, "through", index)


async def main():
    barrier = asyncio.Barrier(2)
    tasks = [asyncio.create_task(work(barrier, n)) for n in "abcde"]
    for _ in range(6):
        await asyncio.sleep(0)
    print("waiting", barrier.n_waiting, tasks[4].done())
    await work(barrier, "main")
    await asyncio.wait(tasks)
    one = asyncio.Barrier(1)
    print(await one.wait(), await one.wait())


asyncio.run(main())
