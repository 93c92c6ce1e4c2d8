# run cancels what is left, waits for it, and tells the handler of errors.
import asyncio


async def left(name):
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        await asyncio.sleep(0)
        print(name, "cleaned up")
        if name == "fails":
            raise ValueError("of the cleanup")
        if name == "cancels":
            raise


async def main(name):
    asyncio.get_running_loop().set_exception_handler(lambda loop, c: print("handler:", c["exception"]))
    asyncio.create_task(left(name))
    asyncio.get_running_loop().call_soon(print, "callback")
    await asyncio.sleep(0)
    print("main returns")
    if name == "main fails":
        raise ValueError("of main")
    return "value of main"


for name in ("cancels", "swallows", "fails", "main fails"):
    try:
        print(asyncio.run(main(name)))
    except ValueError as e:
        print("run raises:", e)
