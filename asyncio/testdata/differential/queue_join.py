# join waits until every item put has been told done.
import asyncio


async def worker(q):
    while True:
        item = await q.get()
        await asyncio.sleep(0)
        print("worked on", item)
        q.task_done()


async def main():
    q = asyncio.Queue()
    await q.join()
    print("nothing to join")
    for i in range(3):
        q.put_nowait(i)
    w = asyncio.create_task(worker(q))
    await q.join()
    print("joined", q.qsize())
    w.cancel()
    await asyncio.wait([w])
    try:
        q.task_done()
    except ValueError:
        print("told done too often")
    await q.put("one more")
    j = asyncio.create_task(q.join())
    print(await q.get())
    await asyncio.sleep(0)
    print("join done:", j.done())
    q.task_done()
    await j


asyncio.run(main())
