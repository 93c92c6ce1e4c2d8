# An error that nobody asked for is told to the exception handler when the future is gone.
import asyncio
import gc


async def fail(message):
    raise ValueError(message)


async def main():
    loop = asyncio.get_running_loop()
    told = []
    loop.set_exception_handler(lambda loop, c: told.append(str(c["exception"])))
    t = asyncio.create_task(fail("of a task"))
    asked = asyncio.create_task(fail("asked for"))
    await asyncio.wait([t, asked])
    print("told", told)
    print(asked.exception())
    f = loop.create_future()
    f.set_exception(ValueError("of a future"))
    never_done = loop.create_future()
    del t, asked, f, never_done
    for _ in range(1000):
        gc.collect()
        await asyncio.sleep(0.001)
        if len(told) == 2:
            break
    print("told", sorted(told))


asyncio.run(main())
