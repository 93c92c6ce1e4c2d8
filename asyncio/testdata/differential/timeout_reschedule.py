# A timeout may be moved, also to never and to now; not after its end.
import asyncio


async def main():
    loop = asyncio.get_running_loop()
    start = loop.time()
    async with asyncio.timeout_at(start + 0.01) as t:
        print(t.when() == start + 0.01)
        t.reschedule(start + 60)
        print(t.when() == start + 60)
        await asyncio.sleep(0.02)
        t.reschedule(None)
        print(t.when(), t.expired())
    print("not expired:", not t.expired())
    try:
        async with asyncio.timeout(None) as t:
            t.reschedule(loop.time() - 1)
            await asyncio.sleep(10)
    except TimeoutError:
        print("expired:", t.expired())
    try:
        t.reschedule(None)
    except RuntimeError:
        print("refused when over")
    try:
        async with t:
            pass
    except RuntimeError:
        print("entered again: refused")


asyncio.run(main())
