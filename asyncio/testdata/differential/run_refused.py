# run: not inside a running loop, not with something that is no coroutine; a canceled main task.
import asyncio


async def nothing():
    pass


async def nested():
    c = nothing()
    try:
        asyncio.run(c)
    except RuntimeError:
        print("nested run refused")
    c.close()


async def canceled():
    asyncio.current_task().cancel()
    await asyncio.sleep(0)


asyncio.run(nested())
try:
    asyncio.run(canceled())
except asyncio.CancelledError:
    print("main was canceled")
try:
    asyncio.get_running_loop()
except RuntimeError:
    print("no running loop")
