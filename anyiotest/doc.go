// Package anyiotest tests programs written with anyio: one test runs on every
// backend, and the simulator makes every order of events repeatable.
//
// # A test
//
//	func TestTransfer(t *testing.T) {
//		anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
//			…
//		})
//	}
//
// [Run] makes the subtests parallel, eventloop and sim/seed=1, 2, 3. The function
// runs as the main task of a run of its own; when it returns, no task is left, and
// if one had to be ended the test fails. Fatal and Skip work in every task.
//
// In the simulator time is virtual: a test that sleeps for an hour takes
// microseconds. Tests that must not depend on time at all wait for an anyio.Event,
// or until nothing can happen any more (anyio.WaitAllTasksBlocked), and bring the
// tasks into an order with a [Sequencer].
//
// # Which runs
//
// Flags of the test binary choose what is run, and the environment sets their
// defaults, for go test ./...:
//
//	go test -anyio.backends=sim -anyio.seeds=1-100   only the simulator, 100 orders
//	ANYIO_SEEDS=5 go test ./...                      every package with seed 5
//	go test -anyio.model=goroutines                  others run at each operation, see sim.Goroutines
//
// The options Skip, Only and Seeds choose in the test itself, and SimConfig sets the
// model. A failing seed prints the command line that repeats it, step by step:
//
//	replay: go test -run '^TestTransfer$/^sim$/^seed=7$' -anyio.seeds=7
//
// # Searching
//
// [Search] makes thousands of simulated runs, each in another order of tasks, until one
// fails, makes that one as simple as it can be, and prints the command that repeats it.
// With [Fuzz] the orders are those that Go's fuzzing makes up.
//
// # When a test hangs
//
// In the simulator a test cannot hang: when every task waits and no timer is pending, the
// run ends, and the test fails with what each task waits for, where and since when. It
// fails as well when a task does not come back, because it waits for a sync.Mutex or a
// channel, after a second of real time (sim.Config.StepTimeout); what is left of such a
// run counts as one leak. On the other backends the tasks are printed shortly before the
// deadline of go test.
//
// # Fixtures
//
// [Fixture] makes a value in the test's own task and takes it down there, so that a
// task group or a cancel scope can be open in between. Tear-downs run shielded from
// cancellation, in reverse order, however the test ends.
//
// # Cancellation
//
// Code must be right wherever it is canceled. [CancelEverywhere] runs a scenario
// once for each of its schedule points, cancels it there, and checks what the
// scenario says must hold. It finds the lock that is never released and the item
// that is gone.
//
// # Streams
//
// [TestObjectStream] is what every object stream has to pass, [TestByteStream] what
// every byte stream has to pass, but for what it declares with [Lacks].
//
// # Leaks
//
// [Main] looks after all tests of a package for tasks, goroutines, descriptors and
// child processes that are still there, [CheckLeaks] after one test:
//
//	func TestMain(m *testing.M) { os.Exit(anyiotest.Main(m)) }
//
// # Limitations
//
// A test given to [Run] cannot call t.Run. [CancelEverywhere], [Search],
// [Explore] and [Fuzz] use the simulator only.
// Descriptors and child processes that are left are found on Linux only, by /proc.
package anyiotest
