# An error that is set wakes the reader and stays; two readers at once are refused.
import asyncio


async def attempt(name, read):
    try:
        print(name, await read)
    except ValueError as e:
        print(name, "raises", e)
    except RuntimeError:
        print(name, "refused")


async def main():
    r = asyncio.StreamReader()
    t = asyncio.create_task(attempt("waiting", r.read(1)))
    await asyncio.sleep(0)
    await attempt("second", r.readline())
    r.set_exception(ValueError("broken"))
    await t
    print("kept:", r.exception())
    r.feed_data(b"data")
    await attempt("read", r.read(1))
    await attempt("readline", r.readline())
    await attempt("readexactly", r.readexactly(1))
    await attempt("readuntil", r.readuntil())
    r = asyncio.StreamReader()
    t = asyncio.create_task(r.read(1))
    await asyncio.sleep(0)
    t.cancel()
    await asyncio.wait([t])
    r.feed_data(b"after a canceled read")
    print(t.cancelled(), await r.read(100))


asyncio.run(main())
