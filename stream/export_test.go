package stream

// Leave makes conn one that a canceled Accept has left.
func (m *MultiListener[S]) Leave(conn S) { m.ready = append(m.ready, conn) }
