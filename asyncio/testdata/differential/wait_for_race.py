# Done and canceled in the same round: wait_for has the value, and the cancellation is lost. (3.12 decides otherwise.)
import asyncio


async def main():
    f = asyncio.get_running_loop().create_future()
    t = asyncio.create_task(asyncio.wait_for(f, 10))
    await asyncio.sleep(0)
    f.set_result("value")
    print("cancel", t.cancel())
    print(await t, t.cancelling())


asyncio.run(main())
