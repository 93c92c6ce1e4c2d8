# An error that comes before who waits has had its turn does not take the data that has woken it.
import asyncio


async def read(what):
    try:
        print(await what)
    except OSError as e:
        print("error", e)


async def main():
    async def once(make, *feed):
        reader = asyncio.StreamReader(limit=4)
        t = asyncio.create_task(read(make(reader)))
        await asyncio.sleep(0)
        for data in feed:
            reader.feed_data(data)
        reader.set_exception(OSError("reset"))
        await t
        await read(reader.read(10))

    await once(lambda r: r.readline(), b"a\n", b"b\n")
    await once(lambda r: r.readexactly(2), b"abc")
    await once(lambda r: r.read(10), b"abc")
    await once(lambda r: r.read(10))


asyncio.run(main())
