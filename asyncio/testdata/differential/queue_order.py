# A bounded queue: putters and getters are served in order, the size is never exceeded.
import asyncio


async def producer(q, name):
    for i in range(3):
        await q.put(name + str(i))
        print("put", name + str(i))


async def consumer(q):
    for _ in range(6):
        print("got", await q.get())


async def main():
    q = asyncio.Queue(maxsize=2)
    print(q.maxsize, q.empty(), q.full())
    tasks = [asyncio.create_task(producer(q, n)) for n in "ab"]
    await asyncio.sleep(0)
    print("full", q.full())
    tasks.append(asyncio.create_task(consumer(q)))
    await asyncio.wait(tasks)
    print("empty", q.empty())


asyncio.run(main())
