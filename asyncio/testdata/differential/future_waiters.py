# Who waits for a future wakes in the order of the waits, among its callbacks.
import asyncio


async def waiter(name, f):
    try:
        print(name, await f)
    except ValueError as e:
        print(name, e)


async def main():
    loop = asyncio.get_running_loop()
    for fail in (False, True):
        f = loop.create_future()
        tasks = [asyncio.create_task(waiter("a", f)), asyncio.create_task(waiter("b", f))]
        await asyncio.sleep(0)
        f.add_done_callback(lambda _: print("callback"))
        tasks.append(asyncio.create_task(waiter("c", f)))
        await asyncio.sleep(0)
        if fail:
            f.set_exception(ValueError("error"))
        else:
            f.set_result("value")
        for t in tasks:
            await t


asyncio.run(main())
