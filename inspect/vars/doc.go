// Package vars publishes numbers of the runs of a process through package expvar, for
// monitoring that reads /debug/vars. Publish, called once, adds a variable "anyio":
//
//	{
//	  "runs":   {"eventloop": 1},
//	  "tasks":  {"ready": 2, "waiting": 40, "began": 1234, "finished": 1180, "canceled": 10, "failed": 2},
//	  "waits":  {"Event.Wait": 30, "Lock.Acquire": 10},
//	  "longer": {"1s": 28, "10s": 3, "1m": 0, "10m": 0},
//	  "loops":  [{"run": 1, "loop": 0, "late": {"times": 7, "sumNs": 91000, "maxNs": 40000}}]
//	}
//
// In programs that use the module cluster it also has what [inspect.ClusterNumbers] returns:
//
//	"cluster": {
//	  "calls":   {"begun": 90, "waited": 3, "done": 80, "failed": 2, "broken": 1,
//	              "canceled": 4, "refused": 0},
//	  "workers": {"served": 55, "busy": 7, "running": 5, "capacity": 8},
//	  "jobs":    {"submitted": 4, "taken": 6, "done": 3, "retried": 2, "returned": 0,
//	              "dead": 1}
//	}
//
// Of what there is now it tells the runs by backend, the tasks that are ready to run, or do,
// and those that wait, for what, and how many of them for longer than so long. What has begun
// and ended counts from Publish on, but in a cluster from the begin of the process. A loop is
// late when the first timer of a turn is fired later than due: how often, by how much in
// all, and at most.
//
// It is a package of its own because importing expvar adds a handler to the default server of
// package net/http.
//
// # Limitations
//
// The numbers are of one instant for each task, not for all. Whoever reads them walks through
// all tasks, with none of them stopped: for 100,000 it takes some tens of milliseconds. With
// Publish each task costs as much as with hooks, see [inspect.Hook].
package vars
