# A sleep of a task that was asked to end before lets the others have their turn first.
import asyncio


async def sleeps(name, delay):
    asyncio.current_task().cancel()
    print(name, "begins")
    try:
        await asyncio.sleep(delay)
    except asyncio.CancelledError:
        print(name, "canceled")


async def other():
    print("other")


async def main():
    tasks = [
        asyncio.create_task(sleeps("long", 100)),
        asyncio.create_task(other()),
        asyncio.create_task(sleeps("short", 0)),
        asyncio.create_task(other()),
    ]
    await asyncio.wait(tasks)


asyncio.run(main())
