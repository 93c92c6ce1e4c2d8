# A handler that fails does not stop the loop.
import asyncio
import logging

logging.disable(logging.CRITICAL)


def fail():
    raise ValueError("callback")


def handler(loop, context):
    print("handler fails with", context["exception"])
    raise RuntimeError("handler")


async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(handler)
    loop.call_soon(fail)
    loop.call_soon(print, "next callback")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print("main goes on")


asyncio.run(main())
