# set() wakes all that wait, in order, also if the event is cleared before they run.
import asyncio


async def wait(ev, name):
    print(name, await ev.wait(), ev.is_set())


async def main():
    ev = asyncio.Event()
    tasks = [asyncio.create_task(wait(ev, n)) for n in "abc"]
    await asyncio.sleep(0)
    tasks[1].cancel()
    ev.set()
    ev.clear()
    print("set and cleared", ev.is_set())
    await asyncio.wait(tasks)
    print("b canceled:", tasks[1].cancelled())
    ev.set()
    ev.set()
    asyncio.get_running_loop().call_soon(print, "callback")
    print("no wait:", await ev.wait())
    await asyncio.sleep(0)


asyncio.run(main())
