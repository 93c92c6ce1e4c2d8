package main

import (
	"context"
	"regexp"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
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
	// outside replaces ours where that is not done by a task of a run.
	outside func(m *meter, n int) error
	// memory says that bytes of resident memory are measured, in processes of
	// their own, with ours and their only blocking n tasks.
	memory *memoryShape
	// server says that the processor time of a server process is measured.
	server *serverShape
	// further peers are measured beside peer, which is one of those that are no Go if
	// there is no their.
	further []further
	// wavers is by how much of itself the ratio of two runs of the same code may differ,
	// if that is more than agreement, and why says why.
	wavers float64
	why    string
}

// Why shapes waver.
const (
	wakesThreads      = "threads wake each other, and the system decides which of them sleep, and how deeply"
	howManyAtOnce     = "how many messages the server finds at a time depends on when the system runs it and its client"
	whatProcessesCost = "most of it is the system's work, whose cost depends on what else has used its caches"
)

// goals are the ratios to reach; 0 means that the shape is not measured there.
type goals struct{ parallel, eventloop, eventloops, sim float64 }

// shapes is everything that is measured, with the goals.
var shapes = []shape{
	{id: "S1a", wavers: 0.10, why: wakesThreads, peer: "errgroup", further: tokioSpawn(0.65), batch: 100, goals: goals{parallel: 0.80, eventloop: 0.55},
		ours: spawnJoin(100), their: errgroupJoin(100)},
	{id: "S1b", wavers: 0.10, why: wakesThreads, peer: "errgroup+WithCancel", batch: 100, goals: goals{parallel: 0.35, eventloop: 0.25},
		ours: spawnJoin(100), their: errgroupContextJoin(100)},
	{id: "S1c", wavers: 0.10, why: wakesThreads, peer: "errgroup", further: tokioSpawn(0.85), batch: 10_000, goals: goals{parallel: 0.70, eventloop: 0.45},
		ours: spawnJoin(10_000), their: errgroupJoin(10_000)},
	{id: "S2", peer: "context.WithTimeout", further: tokioPeers, goals: goals{parallel: 0.20, eventloop: 0.20},
		ours: failAfter, their: withTimeout},
	{id: "S3", peer: "context.WithCancel", goals: goals{parallel: 0.40, eventloop: 0.40},
		ours: cancelScope, their: withCancel},
	{id: "S4", peer: "select-channel", further: tokioPeers, goals: goals{parallel: 0.33, eventloop: 0.25},
		ours: pump(128, 1), their: pumpChannel(128, 1)},
	{id: "S5", wavers: 0.10, why: wakesThreads, peer: "select-channel", goals: goals{parallel: 0.95, eventloop: 0.60},
		ours: pump(0, 1), their: pumpChannel(0, 1)},
	{id: "S6", wavers: 0.10, why: wakesThreads, peer: "select-channel", goals: goals{parallel: 1.00, eventloop: 0.35},
		ours: pump(16, 8), their: pumpChannel(16, 8)},
	{id: "S7", wavers: 0.10, why: wakesThreads, peer: "select-channel", further: tokioPeers, goals: goals{parallel: 0.95, eventloop: 0.50},
		ours: pingPong, their: pingPongChannel},
	{id: "S8a", peer: "semaphore.Weighted", further: tokioPeers, goals: goals{parallel: 0.60, eventloop: 0.65},
		ours: lock, their: weighted},
	{id: "S8b", peer: "semaphore.Weighted", further: tokioPeers, goals: goals{parallel: 0.70, eventloop: 0.50},
		ours: lockContended, their: weightedContended},
	{id: "S9a", wavers: 0.10, why: wakesThreads, peer: "errgroup", batch: 10_000, goals: goals{parallel: 1.00, eventloop: 0.75},
		ours: cancelBlocked(10_000), their: errgroupCancelBlocked(10_000)},
	{id: "S9b", peer: "goroutine+WithCancel", goals: goals{parallel: 1.05, eventloop: 1.05},
		memory: &memoryShape{ours: blockTasks, their: blockGoroutines}},
	{id: "S10", peer: "select-statement", goals: goals{parallel: 1.00, eventloop: 1.00},
		ours: selectReady, their: selectStatement},
	{id: "V1", wavers: 0.25, why: wakesThreads, peer: "synctest", further: []further{{name: "tokio-paused", full: true, goals: goals{sim: 1.00}}}, batch: 1000, least: 200_000, goals: goals{sim: 0.40},
		ours: virtualSleeps(1000), their: synctestSleeps(1000)},
	{id: "V2", peer: "channel-ping-pong", batch: 2, goals: goals{sim: 0.65},
		ours: checkpoints, their: channelPingPong},
	{id: "V3", peer: "2-tasks", least: 200_000, goals: goals{sim: 3.00},
		ours: stepsOfMany, their: stepsOfTwo},
	{id: "V4", peer: "synctest-empty", goals: goals{sim: 1.00}, outside: shortRuns, their: synctestEmpty},
	{id: "P1", wavers: 0.10, why: wakesThreads, peer: "go+channel", goals: goals{parallel: 0.25, eventloop: 1.00}, ours: runBlocking, their: goAndResult},
	{id: "P2", wavers: 0.10, why: wakesThreads, peer: "channels", goals: goals{parallel: 0.80, eventloop: 3.50}, ours: portalCalls, their: channelCalls},
	{id: "P3", wavers: 0.10, why: whatProcessesCost, peer: "os/exec", goals: goals{parallel: 1.05, eventloop: 1.08}, ours: runTrue, their: execTrue},
	{id: "P4", peer: "os.File", goals: goals{parallel: 1.00, eventloop: 1.15}, ours: readFile, their: readOSFile},
	{id: "P5", wavers: 0.10, why: wakesThreads, peer: "net/rpc", goals: goals{parallel: 1.10, eventloop: 1.15}, ours: workerCalls, their: rpcCalls},
	{id: "N1", wavers: 0.15, why: howManyAtOnce, peer: "net", further: echoPeers, batch: 64, least: 3200, goals: goals{parallel: 0.90, eventloop: 0.80}, server: &serverShape{
		ours: serveTCP(echoTCP(bufferSize)), their: serveNet(echoNet(bufferSize)), connect: dialEcho(64)}},
	{id: "N2", wavers: 0.15, why: howManyAtOnce, peer: "net", further: echoPeers, batch: 1000, least: 50000, goals: goals{parallel: 0.90, eventloop: 0.85}, server: &serverShape{
		ours: serveTCP(echoTCP(bufferSize)), their: serveNet(echoNet(bufferSize)), connect: dialEcho(1000)}},
	{id: "N3a", wavers: 0.25, why: howManyAtOnce, peer: "net-send-64KiB", goals: goals{parallel: 1.00, eventloop: 0.95}, server: &serverShape{
		ours: serveTCP(closing(sendBulk)), their: serveNet(closingNet(sendBulkNet)), connect: dialing(1, plain, drainBulk)}},
	{id: "N3b", wavers: 0.25, why: howManyAtOnce, peer: "net-receive-64KiB", goals: goals{parallel: 1.00, eventloop: 0.95}, server: &serverShape{
		ours: serveTCP(closing(receiveBulk)), their: serveNet(closingNet(receiveBulkNet)), connect: dialing(1, plain, feedBulk)}},
	{id: "N4a", wavers: 0.25, why: howManyAtOnce, peer: "crypto/tls", batch: 64, least: 3200, goals: goals{parallel: 1.05, eventloop: 1.00}, server: &serverShape{
		ours: serveTLS, their: serveTLSNet, connect: dialing(64, encrypted, pingPong64)}},
	{id: "N4b", wavers: 0.15, why: howManyAtOnce, peer: "crypto/tls-handshake", batch: lanes, goals: goals{parallel: 1.05, eventloop: 1.00}, server: &serverShape{
		ours: serveTLS, their: serveTLSNet, connect: redialing(encrypted)}},
	{id: "N5", peer: "net-512B-buffer", goals: goals{parallel: 1.10, eventloop: 1.05}, server: &serverShape{
		ours: serveTCP(echoTCP(512)), their: serveNet(echoNet(512)), idle: true}},
	{id: "N5b", peer: "net-4KiB-buffer", goals: goals{parallel: 0.60, eventloop: 0.60}, server: &serverShape{
		ours: serveTCP(echoBorrowed), their: serveNet(echoNet(bufferSize)), idle: true}},
	{id: "N1a", wavers: 0.15, why: howManyAtOnce, peer: "net", further: protocolPeers, batch: 64, least: 3200, goals: goals{eventloop: 0.80}, server: &serverShape{
		ours: serveProtocols, their: serveNet(echoNet(bufferSize)), connect: dialEcho(64)}},
	{id: "N2a", wavers: 0.15, why: howManyAtOnce, peer: "net", further: protocolPeers, batch: 1000, least: 50000, goals: goals{eventloop: 0.85}, server: &serverShape{
		ours: serveProtocols, their: serveNet(echoNet(bufferSize)), connect: dialEcho(1000)}},
	{id: "N5a", peer: "net-512B-buffer", goals: goals{eventloop: 0.30}, server: &serverShape{
		ours: serveProtocols, their: serveNet(echoNet(512)), idle: true}},
	{id: "N9", wavers: 0.15, why: howManyAtOnce, peer: "net", further: echoPeers, batch: 1000, least: 50_000, goals: goals{eventloops: 0.75}, server: &serverShape{
		ours: serveShared(echoTCP(bufferSize)), their: serveNet(echoNet(bufferSize)), connect: dialEcho(1000)}},
	{id: "N6", wavers: 0.15, why: howManyAtOnce, peer: "net+AfterFunc", batch: 64, least: 3200, goals: goals{parallel: 0.95, eventloop: 0.80}, server: &serverShape{
		ours: serveTCP(echoDeadline), their: serveNet(closingNet(echoDeadlineNet)), connect: dialEcho(64)}},
	{id: "N7", wavers: 0.15, why: howManyAtOnce, peer: "net", batch: lanes, goals: goals{parallel: 1.00, eventloop: 0.85}, server: &serverShape{
		ours: serveTCP(echoTCP(bufferSize)), their: serveNet(echoNet(bufferSize)), connect: redialEcho}},
	{id: "N8", wavers: 0.10, why: wakesThreads, peer: "net/http", batch: 64, least: 3200, goals: goals{parallel: 0.97, eventloop: 0.97}, server: &serverShape{
		ours: serveHTTP, their: serveHTTPNet, connect: dialRequests(64)}},
	{id: "A1", peer: "func-channel", batch: callbacks, goals: goals{eventloop: 0.30},
		ours: callSoon, their: channelFuncs},
	{id: "A2", peer: "time.AfterFunc", goals: goals{eventloop: 0.25}, ours: callLater, their: afterFunc},
	{id: "A3", wavers: 0.15, why: howManyAtOnce, peer: "uvloop-streams", further: []further{{name: "net"}}, batch: 64, least: 3200, goals: goals{eventloop: 0.80},
		server: &serverShape{ours: serveStreams, connect: dialEcho(64)}},
	{id: "A4", peer: "asyncio", goals: goals{eventloop: 0.05}, ours: futures},
	{id: "C1", wavers: 0.15, why: wakesThreads, peer: "nats-request", goals: goals{parallel: 1.30, eventloop: 1.30}, ours: remoteCalls, their: bareRequests},
	{id: "C2", wavers: 0.15, why: howManyAtOnce, peer: "nats-requests", batch: clusterCallers, goals: goals{parallel: 1.43, eventloop: 1.43}, ours: remoteMap, their: bareMap},
	{id: "C3", wavers: 0.25, why: howManyAtOnce, peer: "jetstream", batch: clusterCallers, goals: goals{parallel: 1.25, eventloop: 1.25},
		ours: remoteJobs(cluster.KeepResult(0)), their: bareJobs(false)},
	{id: "C3a", wavers: 0.25, why: howManyAtOnce, peer: "jetstream+result", batch: clusterCallers, goals: goals{parallel: 1.25, eventloop: 1.25},
		ours: remoteJobs(), their: bareJobs(true)},
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
		for _, backend := range []string{"parallel", "eventloop", "eventloops", "sim"} {
			goal := s.goals.on(backend)
			if goal == 0 || !only.MatchString(s.id+"/"+backend) {
				continue
			}
			p := pair{shape: s, backend: backend, goal: goal}
			p.batch = max(p.batch, 1)
			ps = append(ps, p)
		}
	}
	return ps
}

// together groups what is measured at the same time: a shape's servers.
func together(ps []pair) (groups [][]pair) {
	for _, p := range ps {
		last := len(groups) - 1
		if last >= 0 && p.server != nil && groups[last][0].id == p.id {
			groups[last] = append(groups[last], p)
		} else {
			groups = append(groups, []pair{p})
		}
	}
	return groups
}

// backend makes a backend for one run.
func backend(name string) anyio.Backend {
	switch name {
	case "parallel":
		return anyio.Parallel()
	case "eventloop":
		return anyio.EventLoop()
	case "eventloops":
		return anyio.EventLoops(0)
	default:
		// It does not look for steps that hang: where there are many tasks, and others
		// use the machine, that stops everything for seconds to print all stacks.
		return sim.New(sim.Config{Seed: 1, MaxSteps: -1, StepTimeout: -1})
	}
}

// runOurs runs our side of the shape as the main task of a run.
func (p pair) runOurs(m *meter, n int) error {
	if p.outside != nil {
		return p.outside(m, n)
	}
	return anyio.Run(context.Background(), func(ctx context.Context) error {
		return p.ours(ctx, m, n)
	}, anyio.On(backend(p.backend)), anyio.HoldLimit(time.Hour)) // what is slow here is meant to be
}
