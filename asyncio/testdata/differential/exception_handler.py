# An error of a callback goes to the exception handler; the loop and the other callbacks go on.
import asyncio


def fail(message):
    raise ValueError(message)


async def main():
    loop = asyncio.get_running_loop()
    print("handler", loop.get_exception_handler())
    loop.set_exception_handler(lambda loop, c: print("handler got", c["exception"]))
    loop.call_soon(fail, "call_soon")
    loop.call_soon(print, "next callback")
    loop.call_later(0, fail, "call_later")
    f = loop.create_future()
    f.add_done_callback(lambda f: fail("done callback"))
    f.add_done_callback(lambda f: print("second done callback"))
    f.set_result(1)
    await asyncio.sleep(0.01)
    print("main goes on with", await f)
    loop.call_exception_handler({"message": "by hand", "exception": ValueError("by hand")})
    loop.set_exception_handler(None)
    try:
        loop.set_exception_handler("no function")
    except TypeError:
        print("refused")


asyncio.run(main())
