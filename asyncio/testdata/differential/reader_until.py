# readuntil: separators of several bytes, also cut in two; the end without one.
import asyncio


async def main():
    r = asyncio.StreamReader()
    r.feed_data(b"head\r\n\r\nbody")
    print(await r.readuntil(b"\r\n\r\n"))
    t = asyncio.create_task(r.readuntil(b"--end--"))
    await asyncio.sleep(0)
    for piece in (b" and --", b"en", b"d-- tail"):
        r.feed_data(piece)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    print(await t)
    try:
        await r.readuntil(b"")
    except ValueError:
        print("empty separator refused")
    r.feed_eof()
    try:
        await r.readuntil()
    except asyncio.IncompleteReadError as e:
        print("incomplete", e.partial, e.expected)
    print(await r.read(), r.at_eof())


asyncio.run(main())
