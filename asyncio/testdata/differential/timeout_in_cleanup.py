# A timeout in the cleanup of one that has expired.
import asyncio


async def main():
    try:
        async with asyncio.timeout(0.01) as outer:
            try:
                await asyncio.sleep(10)
            finally:
                try:
                    async with asyncio.timeout(0.01) as inner:
                        await asyncio.sleep(10)
                except TimeoutError:
                    print("cleanup timed out")
                print("inner", inner.expired(), "outer", outer.expired())
    except TimeoutError:
        print("timeout")
    print(asyncio.current_task().cancelling())


asyncio.run(main())
