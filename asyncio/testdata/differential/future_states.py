# What a future says when it is pending, has a value, an error, or was canceled.
import asyncio


def ask(name, f):
    print(name, "done", f.done(), "canceled", f.cancelled())
    for q in (f.result, f.exception):
        try:
            print("", q())
        except asyncio.InvalidStateError:
            print(" invalid state")
        except asyncio.CancelledError:
            print(" canceled")
        except ValueError as e:
            print(" raises", e)


async def main():
    fs = [asyncio.get_running_loop().create_future() for _ in range(4)]
    fs[1].set_result("value")
    fs[2].set_exception(ValueError("error"))
    print("cancel", fs[3].cancel(), fs[3].cancel(), fs[1].cancel())
    for name, f in zip(("pending", "value", "error", "canceled"), fs):
        ask(name, f)
    for f in fs[1:]:
        try:
            f.set_result(2)
        except asyncio.InvalidStateError:
            print("set again: invalid state")


asyncio.run(main())
