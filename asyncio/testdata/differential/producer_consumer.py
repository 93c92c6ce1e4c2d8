# A pipeline of queues with a shutdown by cancellation: everyday code, all in one.
import asyncio


async def stage(name, source, sink, f):
    try:
        while True:
            item = await source.get()
            await sink.put(f(item))
            source.task_done()
    finally:
        print(name, "ends")


async def main():
    a, b, c = asyncio.Queue(1), asyncio.Queue(1), asyncio.Queue()
    stages = [
        asyncio.create_task(stage("double", a, b, lambda x: 2 * x)),
        asyncio.create_task(stage("text", b, c, lambda x: "<%d>" % x)),
    ]
    for i in range(5):
        await a.put(i)
    await a.join()
    await b.join()
    print([c.get_nowait() for _ in range(c.qsize())])
    for s in stages:
        s.cancel()
    print([type(r) is asyncio.CancelledError for r in await asyncio.gather(*stages, return_exceptions=True)])


asyncio.run(main())
