# notify wakes in the order of the waits, as many as asked for; they get the lock one after the other.
import asyncio


async def wait(cond, name):
    async with cond:
        print(name, "waits")
        await cond.wait()
        print(name, "woke, locked:", cond.locked())


async def main():
    cond = asyncio.Condition()
    tasks = [asyncio.create_task(wait(cond, n)) for n in "abcd"]
    await asyncio.sleep(0)
    async with cond:
        cond.notify()
        print("notified, still locked:", cond.locked())
        await asyncio.sleep(0)
    await asyncio.wait(tasks[:1])
    async with cond:
        cond.notify(2)
    await asyncio.wait(tasks[1:3])
    print("d done:", tasks[3].done())
    async with cond:
        cond.notify_all()
        cond.notify_all()
    await asyncio.wait(tasks)
    for f in (cond.notify, cond.notify_all):
        try:
            f()
        except RuntimeError:
            print("refused without the lock")
    try:
        await cond.wait()
    except RuntimeError:
        print("wait refused without the lock")


asyncio.run(main())
