# gather returns values in the order of its arguments, whatever the order of the ends.
import asyncio


async def work(ms):
    await asyncio.sleep(ms / 1000)
    print("end", ms)
    return ms


async def main():
    print(await asyncio.gather(work(30), work(1), work(15)))
    print(await asyncio.gather())
    f = asyncio.get_running_loop().create_future()
    g = asyncio.gather(f, work(0))
    g.add_done_callback(lambda g: print("callback", g.result()))
    f.set_result("future")
    print("done at once:", g.done())
    print(await g)


asyncio.run(main())
