package core

import (
	"context"
	"time"

	"github.com/google/uuid"

	"docket/platform/errs"
)

// CreateMany does what [Service.Create] does, for each change in turn and with
// these ids, in a handful of round trips. All are made or none; an error says
// with [errs.At] which could not be.
func (s *Service) CreateMany(ctx context.Context, owner uuid.UUID, ids []uuid.UUID, changes []Change) ([]Project, error) {
	made, refused := s.drawUp(ids, changes)
	err := s.tx.InTx(ctx, func(ctx context.Context) error {
		// One before it that cannot be kept is the first that fails.
		if err := s.keepAll(ctx, owner, made); err != nil {
			return err
		}
		return refused
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// drawUp returns the projects that are asked for, up to the first that cannot be
// one.
func (s *Service) drawUp(ids []uuid.UUID, changes []Change) (made []Project, refused error) {
	for i, change := range changes {
		var d Draft
		if err := change(&d).Err(); err != nil {
			return made, &errs.At{Index: i, Err: err}
		}
		// All are made in one microsecond, and still go one behind the other.
		now := s.instant().Add(time.Duration(i) * time.Microsecond)
		made = append(made, newProject(ids[i], d, s.sources.LastPosition(now, ids[i]), now))
	}
	return made, nil
}

func (s *Service) keepAll(ctx context.Context, owner uuid.UUID, made []Project) error {
	if len(made) == 0 {
		return nil
	}
	return s.store.Insert(ctx, owner, made...)
}
