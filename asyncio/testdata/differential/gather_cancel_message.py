# A message given to gather's cancel reaches the children, and whoever awaits gather.
import asyncio


async def child():
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError as e:
        print("child:", *e.args)
        raise


async def main():
    g = asyncio.gather(child(), child())
    await asyncio.sleep(0)
    g.cancel("enough")
    try:
        await g
    except asyncio.CancelledError as e:
        print("awaiter:", *e.args)


asyncio.run(main())
