# Timers of equal times run in the same round: what one of them schedules waits for the others.
import asyncio


async def main():
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    when = loop.time() + 0.01
    ran = []

    def tick(i):
        if not ran:
            loop.call_soon(lambda: done.set_result(len(ran)))
        ran.append(i)

    for i in range(6):
        loop.call_at(when, tick, i)
    print(await done, "of 6 before the callback that the first had scheduled")
    print(sorted(ran))


asyncio.run(main())
