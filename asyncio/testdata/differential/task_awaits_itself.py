# A task that waits for itself gets an error at once.
import asyncio


async def main():
    async def work():
        try:
            await t
        except RuntimeError:
            print("refused")
        return "value"

    t = asyncio.create_task(work())
    print(await t)


asyncio.run(main())
