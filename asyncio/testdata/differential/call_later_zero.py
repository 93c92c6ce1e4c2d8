# A timer that is due comes after what is ready, and before what that schedules.
import asyncio


async def main():
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def soon():
        print("soon")
        loop.call_soon(print, "nested soon")
        loop.call_later(0, last)

    def last():
        print("nested later(0)")
        done.set_result(None)

    loop.call_later(0, print, "later(0)")
    loop.call_soon(soon)
    loop.call_soon(print, "soon again")
    await done
    print("end")


asyncio.run(main())
