package main

import (
	"net"
	"runtime"

	"github.com/panjf2000/gnet/v2"
)

// gnetEcho is what one writes with gnet: a function that is called when bytes are there.
type gnetEcho struct {
	gnet.BuiltinEventEngine
	ready func()
}

func (g *gnetEcho) OnBoot(gnet.Engine) gnet.Action { g.ready(); return gnet.None }

func (g *gnetEcho) OnTraffic(c gnet.Conn) gnet.Action {
	data, err := c.Next(-1)
	if err == nil {
		_, err = c.Write(data)
	}
	if err != nil {
		return gnet.Close
	}
	return gnet.None
}

// serveGnet has an event loop for each processor.
func serveGnet(ready func(addr string)) error {
	l, err := net.Listen("tcp", "127.0.0.1:0") // it does not tell which port it has got
	if err != nil {
		return err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return err
	}
	return gnet.Run(&gnetEcho{ready: func() { ready(addr) }}, "tcp://"+addr,
		gnet.WithNumEventLoop(runtime.GOMAXPROCS(0)), gnet.WithTCPNoDelay(gnet.TCPNoDelay),
		gnet.WithLogger(noLog{}))
}

// noLog keeps the standard output, where gnet logs, for the address.
type noLog struct{}

func (noLog) Debugf(string, ...any) {}
func (noLog) Infof(string, ...any)  {}
func (noLog) Warnf(string, ...any)  {}
func (noLog) Errorf(string, ...any) {}
func (noLog) Fatalf(string, ...any) {}
