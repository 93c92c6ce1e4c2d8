# A task that returns a cancellation of its own ends canceled, without a request.
import asyncio


async def raises():
    raise asyncio.CancelledError("own")


async def awaits_canceled():
    f = asyncio.get_running_loop().create_future()
    f.cancel()
    await f


async def main():
    for work in (raises, awaits_canceled):
        t = asyncio.create_task(work())
        try:
            await t
        except asyncio.CancelledError as e:
            print("canceled", *e.args)
        print(t.cancelled(), t.cancelling(), asyncio.current_task().cancelling())


asyncio.run(main())
