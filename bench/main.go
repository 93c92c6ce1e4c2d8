// Command bench measures anyio side by side with what one would write without it.
//
// For each shape of work and each backend it runs ours and the peer interleaved in
// one process and prints one line:
//
//	ratio <shape> <backend> <ours> <peer> <peer's> <ours/peer> <our allocs/op> <our B/op> <peer's allocs/op> <peer's B/op> <goal> <met|missed>
//
// Times are nanoseconds of processor time per operation, and medians of the rounds, in
// which the two take turns. Other programs that run at the same time hardly change them,
// and work on several threads counts on each. Shapes N are servers in processes of
// their own, whose time alone counts, with a client in another. S9b, N5 and N5a are
// memory, in bytes per task or connection. The ratio is the median of the rounds'.
//
// Lines that begin with # are remarks. With -json each line is an object instead, which
// has the wall clock's times, too, and there are no remarks. Such a file can be compared
// with a later run, by -compare, or printed, by -from.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"time"

	"github.com/anyio-go/anyio/process"
)

func main() {
	process.WorkerMain()
	if job := os.Getenv(childVar); job != "" {
		os.Exit(runChild(job, os.Stdout, os.Stderr))
	}
	if job := os.Getenv(serveVar); job != "" {
		os.Exit(runServer(job))
	}
	if job := os.Getenv(clientVar); job != "" {
		os.Exit(runClient(job))
	}
	status := run(os.Args[1:], os.Stdout, os.Stderr)
	removeBigFile()
	removeWorkspace()
	os.Exit(status)
}

// run is the program: 0 if everything was measured, 1 if something failed, 2 for
// bad flags. A missed goal is no failure.
func run(args []string, stdout, stderr io.Writer) int {
	cfg, err := parse(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return 2
	}
	var then environment
	var was []row
	if cfg.compare != "" {
		if then, was, err = readRows(cfg.compare); err != nil {
			fmt.Fprintf(stderr, "bench: %v\n", err)
			return 1
		}
	}
	if cfg.scale {
		if err := scale(stdout, cfg.effort); err != nil {
			fmt.Fprintf(stderr, "bench: %v\n", err)
			return 1
		}
		return 0
	}
	env, rows, failed := cfg.environment(), []row(nil), false
	if cfg.from != "" {
		if env, rows, err = readRows(cfg.from); err != nil {
			fmt.Fprintf(stderr, "bench: %v\n", err)
			return 1
		}
		rows = cfg.wanted(rows)
		printRows(stdout, cfg, rows)
	} else {
		rows, failed = measureAll(cfg, stdout, stderr)
	}
	if cfg.markdown {
		markdown(stdout, env, rows)
	}
	if cfg.compare != "" {
		compareEnvironments(stdout, then, env)
		compareRows(stdout, cfg.wanted(was), rows)
	}
	if failed {
		return 1
	}
	return 0
}

// printRows prints rows from a file, if that is all that is wanted.
func printRows(stdout io.Writer, cfg config, rows []row) {
	if cfg.markdown || cfg.compare != "" {
		return
	}
	rep := newReport(stdout, cfg)
	for _, r := range rows {
		rep.row(r)
	}
}

// measureAll measures what is wanted and prints it row by row.
func measureAll(cfg config, stdout, stderr io.Writer) (rows []row, failed bool) {
	rep := newReport(stdout, cfg)
	rep.begin()
	cfg.remark = rep.remark
	interpreters = cfg.interpreters
	for _, ps := range together(pairs(shapes, cfg.only)) {
		some, err := measure(ps, cfg.effort)
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			rep.remark("%s is left out: %v", ps[0].id, err)
		case err != nil:
			fmt.Fprintf(stderr, "bench: %s on %s: %v\n", ps[0].id, ps[0].backend, err)
			failed = true
		}
		for _, r := range some {
			rep.row(r)
		}
		rows = append(rows, some...)
		if cfg.profiles != "" {
			if err := profileMissed(ps, some, cfg); err != nil {
				fmt.Fprintf(stderr, "bench: profile of %s: %v\n", ps[0].id, err)
				failed = true
			}
		}
	}
	if cfg.full {
		for _, r := range python(cfg.interpreters, rows, rep.remark) {
			rep.row(r)
			rows = append(rows, r)
		}
	}
	rep.end()
	return rows, failed
}

// config is what the flags say.
type config struct {
	effort
	interpreters []string
	json         bool
	only         *regexp.Regexp
	profiles     string
	from         string // a file of rows, which are not measured then
	compare      string // with such a file
	scale        bool
	markdown     bool
}

// wanted are the rows of what -run chooses.
func (c config) wanted(rows []row) []row {
	return slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return !c.only.MatchString(r.Shape + "/" + r.Backend) })
}

// An effort is how carefully to measure. Many short rounds stand a busy machine
// better than few long ones.
type effort struct {
	rounds int
	round  time.Duration // least processor time of a round, of each side
	tasks  int           // of S9b
	idle   int           // connections of N5
	full   bool          // further peers, too
	remark func(format string, args ...any)
	small  bool // a single batch will do, instead of a shape's least number
}

var (
	quick = effort{rounds: 11, round: 40 * time.Millisecond, tasks: 100_000, idle: 2_000}
	full  = effort{rounds: 25, round: 100 * time.Millisecond, tasks: 1_000_000, idle: 9_000, full: true}
)

// measuring is a flag that was given and is about how to measure, empty if there is none.
func measuring(fs *flag.FlagSet) (name string) {
	fs.Visit(func(f *flag.Flag) {
		if slices.Contains([]string{"quick", "full", "python", "rounds", "profile"}, f.Name) {
			name = f.Name
		}
	})
	return name
}

func parse(args []string, help io.Writer) (config, error) {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	isQuick := fs.Bool("quick", false, "11 rounds of 40 ms of processor time; a few minutes (the default)")
	isFull := fs.Bool("full", false, "25 rounds of 100 ms of processor time, a million blocked tasks, and AnyIO for Python if it is installed")
	python := fs.String("python", "", "the Python `interpreter` of peers (default: python3 or /usr/bin/python3, whichever has what is needed)")
	asJSON := fs.Bool("json", false, "print JSON lines")
	only := fs.String("run", "", "only what matches this `regexp` of shape/backend, as S1/eventloop or S[45]")
	rounds := fs.Int("rounds", 0, "number of rounds, at least 1 (0: as -quick or -full say)")
	from := fs.String("from", "", "print the rows in this `file`, an output of -json, instead of measuring")
	with := fs.String("compare", "", "print what has moved since this `file`, an output of -json")
	asMarkdown := fs.Bool("markdown", false, "print a table in Markdown")
	profiles := fs.String("profile", "", "write a CPU profile of ours into this `directory` for each goal that is missed")
	scaled := fs.Bool("scale", false, "measure instead what a cluster's call and job cost in each process, with 1 to 8 workers")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(help, "usage: bench [flags]")
			fs.SetOutput(help)
			fs.PrintDefaults()
		}
		return config{}, err
	}
	c := config{effort: quick, interpreters: interpreters, json: *asJSON, profiles: *profiles,
		from: *from, compare: *with, markdown: *asMarkdown, scale: *scaled}
	if *isFull {
		c.effort = full
	}
	if *python != "" {
		c.interpreters = []string{*python}
	}
	var err error
	switch {
	case fs.NArg() > 0:
		return c, fmt.Errorf("unexpected argument %q: shapes are chosen with -run", fs.Arg(0))
	case *isQuick && *isFull:
		return c, errors.New("-quick and -full exclude each other")
	case *scaled && fs.NFlag() > 1:
		return c, errors.New("-scale has no options: leave the other flags out")
	case *from != "" && measuring(fs) != "":
		return c, fmt.Errorf("-from measures nothing: leave -%s out", measuring(fs))
	case *asJSON && *asMarkdown || *asJSON && *with != "" || *asMarkdown && *with != "":
		return c, errors.New("-json, -markdown and -compare exclude each other: use -from with what -json has printed")
	case *rounds < 0:
		return c, fmt.Errorf("-rounds %d: expected 1 or more", *rounds)
	case *rounds > 0:
		c.rounds = *rounds
	}
	if c.only, err = regexp.Compile(*only); err != nil {
		return c, fmt.Errorf("-run: %w", err)
	}
	if len(pairs(shapes, c.only)) == 0 {
		return c, fmt.Errorf("-run %q matches no shape", *only)
	}
	return c, nil
}
