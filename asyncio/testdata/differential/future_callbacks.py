# Done callbacks come through call_soon in the order in which they were added.
import asyncio


async def main():
    loop = asyncio.get_running_loop()
    f = loop.create_future()
    log = lambda name: lambda fut: print(name, fut.result())
    f.add_done_callback(log("one"))
    twice = log("twice")
    f.add_done_callback(twice)
    f.add_done_callback(lambda fut: fut.add_done_callback(log("added by a callback")))
    f.add_done_callback(twice)
    gone = log("gone")
    f.add_done_callback(gone)
    f.add_done_callback(gone)
    print("removed", f.remove_done_callback(gone), f.remove_done_callback(gone))
    loop.call_soon(print, "scheduled before set_result")
    f.set_result(7)
    f.add_done_callback(log("added when done"))
    print("set, no callback has run")
    print("removed", f.remove_done_callback(twice))
    await asyncio.sleep(0)
    print("one round later")
    await asyncio.sleep(0)
    print("end")


asyncio.run(main())
