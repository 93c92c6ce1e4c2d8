# Of nested timeouts the one that expired raises; the other is not expired.
import asyncio


async def nest(outer, inner):
    try:
        async with asyncio.timeout(outer) as o:
            try:
                async with asyncio.timeout(inner) as i:
                    await asyncio.get_running_loop().create_future()
            except TimeoutError:
                print("inner raised")
                await asyncio.sleep(0)
                print("outer's body goes on")
            finally:
                print("inner expired:", i.expired())
    except TimeoutError:
        print("outer raised")
    print("outer expired:", o.expired(), "requests:", asyncio.current_task().cancelling())


async def main():
    await nest(10, 0.01)
    await nest(0.01, 10)
    await nest(0.01, None)


asyncio.run(main())
