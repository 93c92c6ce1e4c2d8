// Command anyio-cluster shows what the members of a cluster do, see package cluster.
//
//	anyio-cluster ps nats://10.0.0.1:4222     members, workers, calls and jobs, locks
//	anyio-cluster tree nats://10.0.0.1:4222   their tasks, as one tree over machines
//	anyio-cluster dead nats://10.0.0.1:4222   dead letters: jobs whose attempts are used up
//
// anyio ps -cluster and anyio tree -cluster run it. Members that do not answer within the
// time of -wait are silent; ps and tree end after some times that at the latest. dead asks
// the server alone. Arguments and results of functions are not told.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/cluster/look"
)

// Exit statuses.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

const usage = "usage: anyio-cluster ps|tree|dead [flags] URL\n\n" +
	"ps lists the members of a cluster and what they do, tree shows their tasks as one tree,\n" +
	"dead lists jobs whose attempts are used up\n\n"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// An order is what the command is told to do.
type order struct {
	what string // ps, tree or dead
	json bool
	wait time.Duration
	cfg  cluster.Config
}

// run is the program but for the process around it. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := orderOf(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "anyio-cluster: %s\n", strings.ReplaceAll(err.Error(), "\n", " "))
		return exitUsage
	}
	err = anyio.Run(ctx, func(ctx context.Context) error { return o.show(ctx, stdout) })
	switch {
	case err != nil && ctx.Err() != nil:
		return exitInterrupted
	case err != nil:
		fmt.Fprintf(stderr, "anyio-cluster: %s\n", strings.TrimPrefix(err.Error(), "cluster: "))
		return exitFailed
	}
	return exitOK
}

func orderOf(args []string, stdout io.Writer) (o order, err error) {
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		o.what, args = args[0], args[1:]
	}
	fs := flag.NewFlagSet("anyio-cluster", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.DurationVar(&o.wait, "wait", time.Second, "how long members have to answer")
	fs.BoolVar(&o.json, "json", false, "print a JSON object")
	fs.StringVar(&o.cfg.Prefix, "prefix", "anyio", "the prefix of the cluster's subjects")
	creds := fs.String("creds", "", "a file with the credentials of a user of NATS")
	ca := fs.String("ca", "", "a file with the certificates of authorities, for TLS")
	cert := fs.String("cert", "", "a file with a certificate of this client, for TLS; -key has its key")
	key := fs.String("key", "", "a file with the key of the certificate")
	err = fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		fs.SetOutput(stdout)
		fs.PrintDefaults()
		return o, err
	}
	switch {
	case err != nil:
		return o, err
	case o.what != "ps" && o.what != "tree" && o.what != "dead":
		return o, errors.New("want ps, tree or dead first; anyio-cluster -h tells more")
	case fs.NArg() != 1:
		return o, errors.New("want the address of one server, such as nats://10.0.0.1:4222")
	case o.wait <= 0:
		return o, fmt.Errorf("-wait %v: want how long members have to answer, such as 1s", o.wait)
	case (*cert == "") != (*key == ""):
		return o, errors.New("-cert and -key: one needs the other")
	}
	o.cfg.URL, o.cfg.Name = fs.Arg(0), "anyio-cluster"
	if *creds != "" {
		o.cfg.Options = append(o.cfg.Options, nats.UserCredentials(*creds))
	}
	if *ca != "" {
		o.cfg.Options = append(o.cfg.Options, nats.RootCAs(*ca))
	}
	if *cert != "" {
		o.cfg.Options = append(o.cfg.Options, nats.ClientCert(*cert, *key))
	}
	return o, nil
}

func (o order) show(ctx context.Context, w io.Writer) error {
	c, err := cluster.Open(ctx, o.cfg)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	if o.what == "dead" {
		return o.dead(ctx, c, w)
	}
	s := &look.Snapshot{}
	if o.what == "tree" {
		s, err = look.Take(ctx, c, o.wait)
	} else {
		s.Members, err = c.Members(ctx, o.wait)
	}
	if err != nil {
		return err
	}
	s.Without(c.ID())
	switch {
	case o.json && o.what == "tree":
		return json.NewEncoder(w).Encode(s)
	case o.json:
		return json.NewEncoder(w).Encode(s.Members)
	case o.what == "tree":
		_, err := s.WriteTo(w)
		return err
	}
	return list(w, s.Members)
}

// dead writes dead letters.
func (o order) dead(ctx context.Context, c *cluster.Conn, w io.Writer) error {
	letters := []*cluster.DeadLetter{}
	var dead table
	dead.row("DEAD", "FUNCTION", "ATTEMPTS", "SINCE", "REASON")
	for d, err := range c.DeadLetters(ctx) {
		if err != nil {
			return err
		}
		letters = append(letters, d)
		dead.row(d.ID, d.Function, d.Attempts, d.Time.Format(time.DateTime), d.Reason)
	}
	switch {
	case o.json:
		return json.NewEncoder(w).Encode(letters)
	case len(letters) == 0:
		fmt.Fprintln(w, "no dead letters")
		return nil
	}
	return dead.write(w, "")
}
