// Package rules holds the rules of anyiovet: mistakes in the use of package anyio that
// compile and mostly work. Each is an analyzer of golang.org/x/tools/go/analysis, and
// the README of anyiovet has an example of each.
//
// A rule reports what it can be sure of by reading one package: a mistake that it cannot
// tell from good code passes. What is meant as it is can be marked:
//
//	//anyiovet:ignore rule the reason
//
// on the line, above it, in the comment of a function, or above the package clause.
package rules

import "golang.org/x/tools/go/analysis"

// All returns every rule, in the order of their names.
func All() []*analysis.Analyzer {
	return []*analysis.Analyzer{
		BareGo,
		BusyWait,
		DeferBlock,
		Directive,
		DroppedErr,
		Duration,
		ErrCmp,
		HeldLock,
		LoneTask,
		LoopBlock,
		MutexWait,
		NotReady,
		OuterCtx,
		Outlive,
		ScopeEnd,
		ShieldLimit,
		Started,
		Swallow,
		TimeoutParam,
	}
}
