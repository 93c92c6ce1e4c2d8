# abort breaks a barrier, reset breaks the waits only; a canceled wait leaves, the others go on.
import asyncio


async def work(barrier, name):
    try:
        await barrier.wait()
        print(name, "through")
    except asyncio.BrokenBarrierError:
        print(name, "broken")
    except asyncio.CancelledError:
        print(name, "canceled")


async def main():
    barrier = asyncio.Barrier(3)
    for how in ("reset", "cancel", "abort"):
        tasks = [asyncio.create_task(work(barrier, n)) for n in "ab"]
        await asyncio.sleep(0)
        if how == "reset":
            await barrier.reset()
        elif how == "cancel":
            tasks[0].cancel()
            await asyncio.wait(tasks[:1])
            print("waiting", barrier.n_waiting)
            tasks += [asyncio.create_task(work(barrier, n)) for n in "cd"]
        else:
            await barrier.abort()
            await work(barrier, "late")
        await asyncio.wait(tasks)
        print(how, "broken:", barrier.broken, "waiting:", barrier.n_waiting)
    await barrier.reset()
    print("repaired:", not barrier.broken)


asyncio.run(main())
