# Over the limit: readuntil leaves the data and says how much, readline drops it.
import asyncio


async def until(r, sep):
    try:
        print("until", await r.readuntil(sep))
    except asyncio.LimitOverrunError as e:
        print("overrun", e.consumed)


async def line(r):
    try:
        print("line", await r.readline())
    except ValueError:
        print("line too long")


async def main():
    r = asyncio.StreamReader(limit=4)
    r.feed_data(b"12345678")
    await until(r, b"\n")
    await until(r, b"78")
    print(await r.read(6))
    await until(r, b"78")
    r.feed_data(b"too long\nok\n")
    await line(r)
    await line(r)
    r.feed_data(b"endless")
    await line(r)
    r.feed_data(b"abc\n")
    await line(r)


asyncio.run(main())
