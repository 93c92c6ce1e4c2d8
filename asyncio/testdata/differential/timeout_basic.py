# timeout(): not used up, used up, none, in the past; what it says afterwards.
import asyncio


async def attempt(name, delay, work):
    try:
        async with asyncio.timeout(delay) as t:
            print(name, "entered, expired:", t.expired())
            await work()
            print(name, "body ended")
    except TimeoutError:
        print(name, "timeout")
    print(name, "expired:", t.expired(), "requests:", asyncio.current_task().cancelling())


async def forever():
    await asyncio.get_running_loop().create_future()


async def nothing():
    pass


async def one_round():
    await asyncio.sleep(0)


async def two_rounds():
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def main():
    await attempt("long", 10, one_round)
    await attempt("short", 0.01, forever)
    await attempt("none", None, one_round)
    await attempt("zero, no wait", 0, nothing)
    await attempt("zero", 0, two_rounds)
    await attempt("past", -1, forever)


asyncio.run(main())
