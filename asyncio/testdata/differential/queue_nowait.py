# What does not wait fails when it would have to.
import asyncio


async def main():
    q = asyncio.Queue(1)
    q.put_nowait("item")
    try:
        q.put_nowait("more")
    except asyncio.QueueFull:
        print("full")
    print(q.get_nowait())
    try:
        q.get_nowait()
    except asyncio.QueueEmpty:
        print("empty")
    unbounded = asyncio.Queue(0)
    for i in range(100):
        unbounded.put_nowait(i)
    print(unbounded.qsize(), unbounded.full())
    negative = asyncio.Queue(-1)
    negative.put_nowait(1)
    print(negative.full())
    g = asyncio.create_task(q.get())
    await asyncio.sleep(0)
    q.put_nowait("for the getter")
    print(await g, q.qsize())


asyncio.run(main())
