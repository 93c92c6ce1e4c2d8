# The order in which one awaits does not matter: the first wait gets the first end.
import asyncio


async def work(f):
    return await f


async def main():
    loop = asyncio.get_running_loop()
    fs = [loop.create_future() for _ in range(3)]
    waits = list(asyncio.as_completed([work(f) for f in fs]))
    for i, f in enumerate(reversed(fs)):
        loop.call_later(i / 100, f.set_result, "value %d" % i)
    tasks = [asyncio.ensure_future(w) for w in reversed(waits)]
    print(await asyncio.gather(*tasks))


asyncio.run(main())
