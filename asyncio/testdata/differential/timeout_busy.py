# A loop that was busy until both of two nested timeouts were over: both expire, the outer one is raised.
import asyncio
import time


async def main():
    try:
        async with asyncio.timeout(0.01) as outer:
            try:
                async with asyncio.timeout(0.02) as inner:
                    time.sleep(0.04)
                    await asyncio.sleep(1)
            except TimeoutError:
                print("inner raised")
            await asyncio.sleep(1)
    except TimeoutError:
        print("outer raised")
    print(inner.expired(), outer.expired(), asyncio.current_task().cancelling())


asyncio.run(main())
