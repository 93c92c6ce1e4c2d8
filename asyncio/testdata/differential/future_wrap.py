# A thread's future in the loop: value, error, cancellation in both directions.
import asyncio
import concurrent.futures


async def main():
    for how in ("value", "error", "cancel", "canceled by the thread"):
        thread = concurrent.futures.Future()
        f = asyncio.wrap_future(thread)
        print(asyncio.wrap_future(f) is f, f.done())
        if how == "value":
            thread.set_result("value")
        elif how == "error":
            thread.set_exception(ValueError("error"))
        elif how == "cancel":
            f.cancel()
        else:
            thread.cancel()
        try:
            print(await f)
        except ValueError as e:
            print(e)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            print("canceled", f.cancelled(), thread.cancelled())


asyncio.run(main())
