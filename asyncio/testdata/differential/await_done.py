# Awaiting what is done does not give way; a task that is done, neither.
import asyncio


async def quick():
    return "task"


async def main():
    loop = asyncio.get_running_loop()
    f = loop.create_future()
    f.set_result("future")
    t = asyncio.create_task(quick())
    await asyncio.sleep(0)
    loop.call_soon(print, "callback")
    print(await f)
    print(await t)
    print(await f, "again")
    e = loop.create_future()
    e.set_exception(ValueError("kept"))
    for _ in range(2):
        try:
            await e
        except ValueError as err:
            print(err)
    await asyncio.sleep(0)
    print("end")


asyncio.run(main())
