# A task that is canceled while it awaits gather cancels the children first.
import asyncio


async def child(name):
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        print(name, "ends")


async def parent():
    try:
        await asyncio.gather(child("a"), child("b"))
    except asyncio.CancelledError:
        print("parent ends")
        raise


async def main():
    p = asyncio.create_task(parent())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    p.cancel()
    try:
        await p
    except asyncio.CancelledError:
        print("main: parent canceled")


asyncio.run(main())
