# After its timeout wait returns what there is; the tasks go on. Its cancellation leaves them alone, too.
import asyncio


async def work(f):
    return await f


async def main():
    loop = asyncio.get_running_loop()
    f = loop.create_future()
    t = asyncio.create_task(work(f))
    done, pending = await asyncio.wait([t], timeout=0.01)
    print(len(done), len(pending), "canceled", t.cancelled())
    w = asyncio.create_task(asyncio.wait([t]))
    await asyncio.sleep(0)
    w.cancel()
    try:
        await w
    except asyncio.CancelledError:
        print("wait canceled; the task:", t.done())
    f.set_result("value")
    done, pending = await asyncio.wait([t], timeout=10)
    print(len(done), len(pending), await t)


asyncio.run(main())
