# A cancellation from outside passes a timeout; an error of the body as well; a swallowed expiry is still a timeout's.
import asyncio


async def body(how):
    try:
        async with asyncio.timeout(0.01 if how in ("swallows", "fails") else 10) as t:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                print(how, "canceled, expired:", t.expired())
                if how == "fails":
                    raise ValueError("the body's error")
                if how != "swallows":
                    raise
        print(how, "goes on, expired:", t.expired())
    except TimeoutError:
        print("timeout")
    except ValueError as e:
        print(how, "raises", e)
    print(how, "requests", asyncio.current_task().cancelling())


async def main():
    await body("swallows")
    await body("fails")
    t = asyncio.create_task(body("outside"))
    await asyncio.sleep(0)
    t.cancel()
    try:
        await t
    except asyncio.CancelledError:
        print("canceled:", t.cancelled())


asyncio.run(main())
