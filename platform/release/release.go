// Package release finds the release before this one in the history of the
// repository, for checks that hold the two against each other.
package release

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// Checkout is a folder of a git checkout.
type Checkout string

// Git runs a git command there, and returns what it prints.
func (c Checkout) Git(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", string(c)}, args...)...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(string(exit.Stderr)))
	}
	return strings.TrimSpace(string(out)), err
}

// Last names what runs while the commit that is checked out is shipped:
// the last tag before it; without tags, where its branch left main; on main
// itself, the commit before. It is "" for the first commit of all.
func (c Checkout) Last(ctx context.Context) (string, error) {
	shallow, err := c.Git(ctx, "rev-parse", "--is-shallow-repository")
	if err != nil {
		return "", fmt.Errorf("look for the release that runs: %w", err)
	}
	if shallow == "true" {
		return "", errors.New("look for the release that runs: not all commits were fetched; fetch the rest, or name it with --previous")
	}
	if tag, err := c.Git(ctx, "describe", "--tags", "--abbrev=0", "HEAD^"); err == nil {
		return tag, nil
	}
	head, err := c.Git(ctx, "rev-parse", "HEAD")
	if err != nil {
		return "", fmt.Errorf("look for the release that runs: %w", err)
	}
	for _, main := range []string{"origin/main", "main"} {
		if base, err := c.Git(ctx, "merge-base", main, "HEAD"); err == nil && base != head {
			return base, nil
		}
	}
	if before, err := c.Git(ctx, "rev-parse", "--verify", "--quiet", "HEAD^"); err == nil {
		return before, nil
	}
	return "", nil
}

// Copy writes the files of a revision into a new folder.
func (c Checkout) Copy(ctx context.Context, revision, folder string) error {
	if _, err := c.Git(ctx, "clone", "--quiet", "--shared", "--no-checkout", ".", folder); err != nil {
		return fmt.Errorf("copy the checkout: %w", err)
	}
	if _, err := Checkout(folder).Git(ctx, "checkout", "--quiet", "--detach", revision); err != nil {
		return fmt.Errorf("check out %s: %w", revision, err)
	}
	return nil
}
