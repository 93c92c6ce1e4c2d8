# A canceled getter or putter loses nothing: its turn goes to the next.
import asyncio


async def get(q, name):
    try:
        print(name, "got", await q.get())
    except asyncio.CancelledError:
        print(name, "canceled")


async def main():
    q = asyncio.Queue(1)
    tasks = [asyncio.create_task(get(q, n)) for n in "abc"]
    await asyncio.sleep(0)
    tasks[0].cancel()
    q.put_nowait(1)
    await asyncio.wait(tasks[:2])
    tasks.append(asyncio.create_task(get(q, "d")))
    await asyncio.sleep(0)
    q.put_nowait(2)
    tasks[2].cancel()
    await asyncio.wait(tasks)
    putters = [asyncio.create_task(q.put(n)) for n in range(3)]
    await asyncio.sleep(0)
    putters[1].cancel()
    print(await q.get(), await q.get(), q.empty())
    await asyncio.wait(putters)
    print([p.cancelled() for p in putters])


asyncio.run(main())
