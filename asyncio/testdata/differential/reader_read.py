# read(n) returns what there is, at least a byte; read() waits for the end.
import asyncio


async def main():
    r = asyncio.StreamReader()
    r.feed_data(b"hello world")
    print(await r.read(5), await r.read(0), await r.read(100))
    t = asyncio.create_task(r.read(10))
    await asyncio.sleep(0)
    r.feed_data(b"x")
    r.feed_data(b"y")
    print(await t)
    t = asyncio.create_task(r.read())
    await asyncio.sleep(0)
    r.feed_data(b"to the ")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    r.feed_data(b"end")
    r.feed_eof()
    print(await t)
    print(await r.read(1), await r.read(), r.at_eof())


asyncio.run(main())
