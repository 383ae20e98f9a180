package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// checkout is the folder of the repository that the schema lies in.
type checkout string

func (c checkout) git(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "git", append([]string{"-C", string(c)}, args...)...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(string(exit.Stderr)))
	}
	return strings.TrimSpace(string(out)), err
}

// lastRelease names what runs while the commit that is checked out is shipped:
// the last tag before it; without tags, where its branch left main; on main
// itself, the commit before. It is "" for the first commit of all.
func (c checkout) lastRelease(ctx context.Context) (string, error) {
	shallow, err := c.git(ctx, "rev-parse", "--is-shallow-repository")
	if err != nil {
		return "", fmt.Errorf("look for the release that runs: %w", err)
	}
	if shallow == "true" {
		return "", errors.New("look for the release that runs: not all commits were fetched; fetch the rest, or name it with --previous")
	}
	if tag, err := c.git(ctx, "describe", "--tags", "--abbrev=0", "HEAD^"); err == nil {
		return tag, nil
	}
	head, err := c.git(ctx, "rev-parse", "HEAD")
	if err != nil {
		return "", fmt.Errorf("look for the release that runs: %w", err)
	}
	for _, main := range []string{"origin/main", "main"} {
		if base, err := c.git(ctx, "merge-base", main, "HEAD"); err == nil && base != head {
			return base, nil
		}
	}
	if before, err := c.git(ctx, "rev-parse", "--verify", "--quiet", "HEAD^"); err == nil {
		return before, nil
	}
	return "", nil
}
