# A canceled handle does not run, also if it was in the queue or due already.
import asyncio


async def main():
    loop = asyncio.get_running_loop()
    a = loop.call_soon(print, "a")
    b = loop.call_soon(lambda: (print("b cancels c and d"), c.cancel(), d.cancel()))
    c = loop.call_soon(print, "c")
    d = loop.call_later(0, print, "d")
    when = loop.time() + 0.01
    e = loop.call_at(when, print, "e")
    print(e.when() == when, a.cancelled(), e.cancelled())
    a.cancel()
    e.cancel()
    e.cancel()
    print(a.cancelled(), e.cancelled())
    await asyncio.sleep(0.03)
    print(b.cancelled(), c.cancelled(), d.cancelled())
    b.cancel()
    print("after its run:", b.cancelled())


asyncio.run(main())
