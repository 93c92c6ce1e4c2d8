# A Runner runs several times in one loop; what a run leaves ends with the runner.
import asyncio


async def first():
    global left
    left = asyncio.create_task(second())
    return asyncio.get_running_loop()


async def second():
    print("begins in a later run")
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        print("canceled at close")


async def third():
    await asyncio.sleep(0)
    return asyncio.get_running_loop()


runner = asyncio.Runner()
with runner:
    a = runner.run(first())
    print("between the runs")
    b = runner.run(third())
    print("same loop:", a is b, runner.get_loop() is a)
print("closed:", a.is_closed(), left.cancelled())
c = third()
try:
    runner.run(c)
except RuntimeError:
    print("refused when closed")
c.close()
runner.close()
