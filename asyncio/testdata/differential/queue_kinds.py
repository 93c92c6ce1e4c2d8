# A LifoQueue gives the newest, a PriorityQueue the least.
import asyncio


async def main():
    for make in (asyncio.Queue, asyncio.LifoQueue, asyncio.PriorityQueue):
        q = make()
        for item in (3, 1, 2):
            q.put_nowait(item)
        print([await q.get() for _ in range(3)])
    q = asyncio.PriorityQueue()
    waiting = [asyncio.create_task(q.get()) for _ in range(2)]
    await asyncio.sleep(0)
    for item in (3, 2, 1):
        q.put_nowait(item)
    print([await t for t in waiting], q.qsize())
    q = asyncio.LifoQueue(2)
    putters = [asyncio.create_task(q.put(i)) for i in range(4)]
    await asyncio.sleep(0)
    print([await q.get() for _ in range(4)])


asyncio.run(main())
