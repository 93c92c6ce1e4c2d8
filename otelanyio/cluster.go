package otelanyio

import (
	"context"

	"go.opentelemetry.io/otel/metric"

	"github.com/anyio-go/anyio/inspect"
)

// A clusterNumber is an instrument, and which numbers of package cluster it tells.
type clusterNumber struct {
	name, unit, description string
	of                      string   // a key of inspect.ClusterNumbers
	numbers                 []string // one, or the outcomes
	now                     bool     // it goes down, too
}

var clusterNumbers = []clusterNumber{
	{"calls.started", "{call}", "Calls to other machines that have begun.", "calls", []string{"begun"}, false},
	{"calls.waited", "{call}", "Calls that had to wait for a worker with room.", "calls", []string{"waited"}, false},
	{"calls.ended", "{call}", "Calls that have ended.", "calls", []string{"done", "failed", "broken", "canceled", "refused"}, false},
	{"served", "{call}", "Calls that workers have taken.", "workers", []string{"served"}, false},
	{"busy", "{call}", "Calls that workers without room have refused.", "workers", []string{"busy"}, false},
	{"running", "{call}", "Calls and jobs that run.", "workers", []string{"running"}, true},
	{"capacity", "{call}", "How many calls and jobs workers have room for.", "workers", []string{"capacity"}, true},
	{"jobs.submitted", "{job}", "Jobs that were submitted.", "jobs", []string{"submitted"}, false},
	{"jobs.taken", "{job}", "Attempts of jobs that workers have begun.", "jobs", []string{"taken"}, false},
	{"jobs.ended", "{job}", "Attempts of jobs that have ended.", "jobs", []string{"done", "retried", "returned", "dead"}, false},
}

// observeCluster has the numbers of package cluster read whenever metrics are collected.
func observeCluster(m metric.Meter) (stop func(), err error) {
	observers := make([]metric.Int64Observable, len(clusterNumbers))
	instruments := make([]metric.Observable, len(clusterNumbers))
	for i, n := range clusterNumbers {
		name, unit, text := "anyio.cluster."+n.name, metric.WithUnit(n.unit), metric.WithDescription(n.description)
		if n.now {
			observers[i], err = m.Int64ObservableUpDownCounter(name, unit, text)
		} else {
			observers[i], err = m.Int64ObservableCounter(name, unit, text)
		}
		if err != nil {
			return nil, err
		}
		instruments[i] = observers[i]
	}
	registration, err := m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		all := inspect.ClusterNumbers()
		if all == nil {
			return nil
		}
		for i, n := range clusterNumbers {
			for _, number := range n.numbers {
				var opts []metric.ObserveOption
				if len(n.numbers) > 1 {
					opts = append(opts, with(outcomeKey.String(number)))
				}
				o.ObserveInt64(observers[i], all[n.of][number], opts...)
			}
		}
		return nil
	}, instruments...)
	if err != nil {
		return nil, err
	}
	return func() { _ = registration.Unregister() }, nil
}
