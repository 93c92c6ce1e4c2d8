# gather returns values in the order of its arguments, whatever the order of the ends.
import asyncio


async def work(ms, begin=0):
    f = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_at(begin + ms / 1000, f.set_result, None)
    await f
    print("end", ms)
    return ms


async def main():
    now = asyncio.get_running_loop().time()
    print(await asyncio.gather(work(30, now), work(1, now), work(15, now)))
    print(await asyncio.gather())
    f = asyncio.get_running_loop().create_future()
    g = asyncio.gather(f, work(0))
    g.add_done_callback(lambda g: print("callback", g.result()))
    f.set_result("future")
    print("done at once:", g.done())
    print(await g)


asyncio.run(main())
