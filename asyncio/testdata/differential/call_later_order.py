# Timers run by their times, not in the order in which they were made.
import asyncio


async def main():
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    now = loop.time()
    loop.call_at(now + 0.03, print, "30")
    loop.call_at(now + 0.01, print, "10")
    loop.call_at(now + 0.04, done.set_result, "end")
    loop.call_at(now + 0.02, print, "20")
    loop.call_later(-1, print, "past")
    print("armed")
    print(await done)


asyncio.run(main())
