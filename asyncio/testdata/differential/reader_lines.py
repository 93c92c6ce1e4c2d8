# readline: whole lines, lines that come in pieces, the rest at the end, and nothing after it.
import asyncio


async def main():
    r = asyncio.StreamReader()
    r.feed_data(b"one\ntwo\npart")
    print(await r.readline(), await r.readline())
    t = asyncio.create_task(r.readline())
    await asyncio.sleep(0)
    r.feed_data(b"ial")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print("waits", not t.done())
    r.feed_data(b"\nrest")
    print(await t)
    print("at eof", r.at_eof())
    r.feed_eof()
    print("at eof", r.at_eof())
    print(await r.readline())
    print("at eof", r.at_eof(), await r.readline(), await r.read())
    r = asyncio.StreamReader()
    r.feed_data(b"a\nb\n\nc")
    r.feed_eof()
    async for line in r:
        print("line", line)


asyncio.run(main())
