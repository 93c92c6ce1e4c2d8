package kernel

// Service tasks are those of a second group, which a group opens inside itself when it gets
// the first one: shielded, and ended when the group's own tasks have ended.

// SpawnService is Spawn of a task that goes on until all others of the group have ended:
// only then, or alone, is it canceled.
//
//go:norace
func (g *Group) SpawnService(t *Task) bool {
	if !g.hold() {
		return false
	}
	g.serviceGroup().Spawn(t) // it is ended after g, which is held
	g.release()
	return true
}

// serviceGroup returns the group of the service tasks. Several may open it at once.
//
//go:norace
func (g *Group) serviceGroup() *Group {
	if s := g.services.Load(); s != nil {
		return s
	}
	s := &Group{}
	s.Init(&g.Scope, noDeadline, true)
	s.Open(g.Runner)
	if !g.services.CompareAndSwap(nil, s) {
		return g.services.Load()
	}
	return s
}

// endServices cancels the service tasks and waits for them.
//
//go:norace
func (g *Group) endServices() (requested error) {
	s := g.services.Load()
	s.Cancel(&Cause{Reason: "all other tasks of the group have ended"})
	requested = s.join()
	s.Leave()
	return requested
}

// IsService reports whether the task was to be started by SpawnService.
//
//go:norace
func (t *Task) IsService() bool { return t.meta != nil && t.meta.Service }
