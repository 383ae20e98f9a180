package core

import (
	"context"

	"github.com/google/uuid"

	"docket/platform/errs"
)

// CreateMany does what [Service.Create] does, for each change in turn and with
// these ids, in a handful of round trips. All are made or none; an error says
// with [errs.At] which could not be.
func (s *Service) CreateMany(ctx context.Context, owner uuid.UUID, ids []uuid.UUID, changes []Change) ([]Tag, error) {
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

// drawUp returns the tags that are asked for, up to the first that cannot be
// one.
func (s *Service) drawUp(ids []uuid.UUID, changes []Change) (made []Tag, refused error) {
	for i, change := range changes {
		var d Draft
		if err := change(&d).Err(); err != nil {
			return made, &errs.At{Index: i, Err: err}
		}
		now := s.instant()
		made = append(made, newTag(ids[i], d, now))
	}
	return made, nil
}

func (s *Service) keepAll(ctx context.Context, owner uuid.UUID, made []Tag) error {
	if len(made) == 0 {
		return nil
	}
	return s.store.Insert(ctx, owner, made...)
}
