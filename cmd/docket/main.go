// Command docket is the backend of a task-management product.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	// The zones of users must be known on machines that have no copy of the
	// time zone database, such as a container without a system in it.
	_ "time/tzdata"

	// So must the roots of certificates.
	_ "golang.org/x/crypto/x509roots/fallback"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"docket/configs"
	"docket/platform/config"
	"docket/platform/telemetry/redact"
)

// Exit codes: a wrong setting or flag is told apart from a failure, so that a
// supervisor need not restart what cannot come up.
const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program without its process: what it prints and how it ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRootCommand() //nolint:contextcheck // ExecuteContext hands ctx to each command
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "docket:", redact.Text(err.Error()))
	var wrongSettings *config.Error
	var wrongUsage *usageError
	if errors.As(err, &wrongSettings) || errors.As(err, &wrongUsage) {
		return exitUsage
	}
	return exitFailure
}

// usageError is a command line that cannot be meant.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

// options are the flags that every command takes.
type options struct {
	flags   *pflag.FlagSet
	configs string
}

func newRootCommand() *cobra.Command {
	o := &options{}
	root := &cobra.Command{
		Use:   "docket",
		Short: "The backend of a task-management product",
		Long: `Docket serves tasks, projects and tags as REST to a web frontend.

With nothing configured it runs on its own: it starts a private PostgreSQL and
accepts tokens of a development issuer. Settings come from configs/, from
environment variables and from flags; "docket config" shows them.`,
		Example: `  docket serve
  docket token --email ada@example.com`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	flags := root.PersistentFlags()
	o.flags = flags
	flags.String("data-dir", "", "folder of the private PostgreSQL and the development key (DOCKET_DATA_DIR)")
	flags.String("log-format", "", "text, json, or auto: text on a terminal (DOCKET_LOG_FORMAT)")
	flags.StringVar(&o.configs, "configs", "", "folder of default.yaml and the environments' files, instead of those built in")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("%w; see %s --help", err, c.CommandPath())}
	})
	root.AddCommand(newServeCommand(o), newTokenCommand(o), newConfigCommand(o), newDatabaseCommand(o), newSeedCommand(o), newHealthCommand(o), newExamplesCommand(o), newVersionCommand())
	refuseArguments(root)
	root.CompletionOptions.DisableDefaultCmd = true
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			c.Example = "  docket help serve"
		}
	}
	return root
}

// refuseArguments makes a stray argument an error: every command here takes
// flags alone, and one that has commands of its own needs the name of one.
func refuseArguments(c *cobra.Command) {
	if c.HasSubCommands() {
		for _, sub := range c.Commands() {
			refuseArguments(sub)
		}
		c.Args, c.RunE = cobra.ArbitraryArgs, refuseUnknown
		return
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return &usageError{fmt.Errorf("%s takes no argument, and got %q; see %s --help", c.CommandPath(), args[0], c.CommandPath())}
		}
		return nil
	}
}

// refuseUnknown runs a command that only has others: what is still an argument
// names none of them.
func refuseUnknown(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	var known []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			known = append(known, sub.Name())
		}
	}
	return &usageError{fmt.Errorf("%s has no command %q; it has %s; see %s --help",
		c.CommandPath(), args[0], strings.Join(known, ", "), c.CommandPath())}
}

// load reads the settings.
func (o *options) load() (config.Config, error) {
	overrides := map[string]string{}
	for flag, key := range map[string]string{"data-dir": "data_dir", "log-format": "log.format"} {
		if f := o.flags.Lookup(flag); f.Changed {
			if f.Value.String() == "" {
				return config.Config{}, &usageError{fmt.Errorf("--%s is empty: give it a value, or leave it out", flag)}
			}
			overrides[key] = f.Value.String()
		}
	}
	src := config.Sources{Files: configs.Files, Environ: os.Environ(), Overrides: overrides, Root: os.Geteuid() == 0}
	if o.configs != "" {
		src.Files, src.FilesName = os.DirFS(o.configs), o.configs
	}
	return config.Load(src)
}
