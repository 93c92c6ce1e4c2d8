package main

import (
	"context"
	"regexp"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// A shape is one kind of work, done by us and by a peer.
type shape struct {
	id    string
	peer  string // one word
	batch int    // n is a multiple of it; 0 means 1
	least int    // n is at least so much, but in smoke tests
	goals goals
	ours  func(ctx context.Context, m *meter, n int) error
	their func(m *meter, n int) error
	// loopOurs and loopTheir replace ours and their on the loop backends, where
	// the shape must be put otherwise to mean the same.
	loopOurs  func(ctx context.Context, m *meter, n int) error
	loopTheir func(m *meter, n int) error
	// memory says that bytes of resident memory are measured, in processes of
	// their own, with ours and their only blocking n tasks.
	memory *memoryShape
	// server says that the processor time of a server process is measured.
	server *serverShape
}

// goals are the ratios to reach; 0 means that the shape is not measured there.
type goals struct{ parallel, eventloop, sim float64 }

// shapes is everything that is measured, with the goals.
var shapes = []shape{
	{id: "S1a", peer: "errgroup", batch: 100, goals: goals{parallel: 1.15, eventloop: 0.65},
		ours: spawnJoin(100), their: errgroupJoin(100)},
	{id: "S1b", peer: "errgroup+WithCancel", batch: 100, goals: goals{parallel: 0.50, eventloop: 0.30},
		ours: spawnJoin(100), their: errgroupContextJoin(100)},
	{id: "S1c", peer: "errgroup", batch: 10_000, goals: goals{parallel: 1.15, eventloop: 0.60},
		ours: spawnJoin(10_000), their: errgroupJoin(10_000)},
	{id: "S2", peer: "context.WithTimeout", goals: goals{parallel: 0.28, eventloop: 0.28},
		ours: failAfter, their: withTimeout},
	{id: "S3", peer: "context.WithCancel", goals: goals{parallel: 0.60, eventloop: 0.60},
		ours: cancelScope, their: withCancel},
	{id: "S4", peer: "select-channel", goals: goals{parallel: 0.40, eventloop: 0.20},
		ours: pump(128, 1), their: pumpChannel(128, 1)},
	{id: "S5", peer: "select-channel", goals: goals{parallel: 0.90, eventloop: 0.70},
		ours: pump(0, 1), their: pumpChannel(0, 1)},
	{id: "S6", peer: "select-channel", goals: goals{parallel: 1.00, eventloop: 0.45},
		ours: pump(16, 8), their: pumpChannel(16, 8)},
	{id: "S7", peer: "select-channel", goals: goals{parallel: 0.75, eventloop: 0.45},
		ours: pingPong, their: pingPongChannel},
	{id: "S8a", peer: "semaphore.Weighted", goals: goals{parallel: 0.70, eventloop: 0.70},
		ours: lock, their: weighted},
	{id: "S8b", peer: "semaphore.Weighted", goals: goals{parallel: 0.80, eventloop: 0.50},
		ours: lockContended(false), their: weightedContended(false),
		loopOurs: lockContended(true), loopTheir: weightedContended(true)},
	{id: "S9a", peer: "errgroup", batch: 10_000, goals: goals{parallel: 0.80, eventloop: 0.40},
		ours: cancelBlocked(10_000), their: errgroupCancelBlocked(10_000)},
	{id: "S9b", peer: "goroutine+WithCancel", goals: goals{parallel: 1.10, eventloop: 1.05},
		memory: &memoryShape{ours: blockTasks, their: blockGoroutines}},
	{id: "V1", peer: "synctest", batch: 1000, least: 200_000, goals: goals{sim: 0.30},
		ours: virtualSleeps(1000), their: synctestSleeps(1000)},
	{id: "V2", peer: "channel-ping-pong", batch: 2, goals: goals{sim: 0.80},
		ours: checkpoints, their: channelPingPong},
	{id: "P1", peer: "go+channel", goals: goals{parallel: 0.50, eventloop: 2.00}, ours: runBlocking, their: goAndResult},
	{id: "P2", peer: "channels", goals: goals{parallel: 1.50, eventloop: 3.50}, ours: portalCalls, their: channelCalls},
	{id: "P3", peer: "os/exec", goals: goals{parallel: 1.05, eventloop: 1.10}, ours: runTrue, their: execTrue},
	{id: "P4", peer: "os.File", goals: goals{parallel: 1.03, eventloop: 1.30}, ours: readFile, their: readOSFile},
	{id: "P5", peer: "net/rpc", goals: goals{parallel: 1.10, eventloop: 1.20}, ours: workerCalls, their: rpcCalls},
	{id: "N1", peer: "net", batch: 64, goals: goals{parallel: 1.03, eventloop: 0.90}, server: &serverShape{
		ours: serveTCP(echoTCP(bufferSize)), their: serveNet(echoNet(bufferSize)), connect: dialEcho(64)}},
	{id: "N2", peer: "net", batch: 1000, goals: goals{parallel: 1.03, eventloop: 0.95}, server: &serverShape{
		ours: serveTCP(echoTCP(bufferSize)), their: serveNet(echoNet(bufferSize)), connect: dialEcho(1000)}},
	{id: "N3a", peer: "net-send-64KiB", goals: goals{parallel: 1.03, eventloop: 0.90}, server: &serverShape{
		ours: serveTCP(closing(sendBulk)), their: serveNet(closingNet(sendBulkNet)), connect: dialing(1, plain, drainBulk)}},
	{id: "N3b", peer: "net-receive-64KiB", goals: goals{parallel: 1.03, eventloop: 1.03}, server: &serverShape{
		ours: serveTCP(closing(receiveBulk)), their: serveNet(closingNet(receiveBulkNet)), connect: dialing(1, plain, feedBulk)}},
	{id: "N4a", peer: "crypto/tls", batch: 64, goals: goals{parallel: 1.05, eventloop: 1.00}, server: &serverShape{
		ours: serveTLS, their: serveTLSNet, connect: dialing(64, encrypted, pingPong64)}},
	{id: "N4b", peer: "crypto/tls-handshake", batch: lanes, goals: goals{parallel: 1.05, eventloop: 1.00}, server: &serverShape{
		ours: serveTLS, their: serveTLSNet, connect: redialing(encrypted)}},
	{id: "N5", peer: "net-512B-buffer", goals: goals{parallel: 1.10, eventloop: 0.85}, server: &serverShape{
		ours: serveTCP(echoTCP(512)), their: serveNet(echoNet(512)), idle: true}},
	{id: "N1a", peer: "net", batch: 64, goals: goals{eventloop: 0.80}, server: &serverShape{
		ours: serveProtocols, their: serveNet(echoNet(bufferSize)), connect: dialEcho(64)}},
	{id: "N2a", peer: "net", batch: 1000, goals: goals{eventloop: 0.85}, server: &serverShape{
		ours: serveProtocols, their: serveNet(echoNet(bufferSize)), connect: dialEcho(1000)}},
	{id: "N5a", peer: "net-512B-buffer", goals: goals{eventloop: 0.30}, server: &serverShape{
		ours: serveProtocols, their: serveNet(echoNet(512)), idle: true}},
	{id: "N6", peer: "net+AfterFunc", batch: 64, goals: goals{parallel: 0.95, eventloop: 0.90}, server: &serverShape{
		ours: serveTCP(echoDeadline), their: serveNet(closingNet(echoDeadlineNet)), connect: dialEcho(64)}},
	{id: "N7", peer: "net", batch: lanes, goals: goals{parallel: 1.05, eventloop: 0.85}, server: &serverShape{
		ours: serveTCP(echoTCP(bufferSize)), their: serveNet(echoNet(bufferSize)), connect: redialing(plain)}},
	{id: "H1", peer: "net/http", batch: 64, goals: goals{parallel: 1.03, eventloop: 1.11}, server: &serverShape{
		ours: serveHTTP, their: serveHTTPNet, connect: dialing(64, plain, requests)}},
}

// A pair is a shape on a backend.
type pair struct {
	shape
	backend string
	goal    float64
}

// pairs lists what is measured, in the order of the table.
func pairs(shapes []shape, only *regexp.Regexp) (ps []pair) {
	for _, s := range shapes {
		for _, on := range []struct {
			backend string
			goal    float64
		}{{"parallel", s.goals.parallel}, {"eventloop", s.goals.eventloop}, {"sim", s.goals.sim}} {
			if on.goal == 0 || !only.MatchString(s.id+"/"+on.backend) {
				continue
			}
			p := pair{shape: s, backend: on.backend, goal: on.goal}
			p.batch = max(p.batch, 1)
			if on.backend != "parallel" {
				if s.loopOurs != nil {
					p.ours = s.loopOurs
				}
				if s.loopTheir != nil {
					p.their = s.loopTheir
				}
			}
			ps = append(ps, p)
		}
	}
	return ps
}

// backend makes a backend for one run.
func backend(name string) anyio.Backend {
	switch name {
	case "parallel":
		return anyio.Parallel()
	case "eventloop":
		return anyio.EventLoop()
	default:
		return sim.New(sim.Config{Seed: 1, MaxSteps: -1})
	}
}

// runOurs runs our side of the shape as the main task of a run.
func (p pair) runOurs(m *meter, n int) error {
	return anyio.Run(context.Background(), func(ctx context.Context) error {
		return p.ours(ctx, m, n)
	}, anyio.On(backend(p.backend)))
}
