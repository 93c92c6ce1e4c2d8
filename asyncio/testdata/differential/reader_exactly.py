# readexactly: all or an error that has the part.
import asyncio


async def main():
    r = asyncio.StreamReader(limit=4)
    r.feed_data(b"0123456789")
    print(await r.readexactly(0), await r.readexactly(7))
    try:
        await r.readexactly(-1)
    except ValueError:
        print("negative refused")
    t = asyncio.create_task(r.readexactly(8))
    await asyncio.sleep(0)
    r.feed_data(b"ab")
    r.feed_eof()
    try:
        await t
    except asyncio.IncompleteReadError as e:
        print("incomplete", e.partial, e.expected)
    try:
        await r.readexactly(1)
    except asyncio.IncompleteReadError as e:
        print("incomplete", e.partial, e.expected)


asyncio.run(main())
