// Package linear explores the primitives of this module: small programs of two or three
// tasks, of every kind, are run in all their schedules, and what each has seen is checked
// against a specification that knows nothing of tasks (linearizability, Herlihy and Wing,
// TOPLAS 1990). A call that never returns must be one that the specification does not let
// return in the end: so a lost wakeup is found, too. All there is are tests.
package linear
