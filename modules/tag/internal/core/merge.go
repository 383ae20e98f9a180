package core

import (
	"bytes"
	"context"

	"github.com/google/uuid"

	"docket/platform/errs"
)

// Merge gives the tasks that carry the tag another one instead, which request
// names, and removes the tag. It returns the tag that stays, as it was, or
// [NotFound] where there is none to be removed.
func (s *Service) Merge(ctx context.Context, owner, id uuid.UUID, guard Guard, request func(into **uuid.UUID) errs.Faults) (kept Tag, err error) {
	err = s.tx.InTx(ctx, func(ctx context.Context) error {
		var into *uuid.UUID
		faults := request(&into)
		current, other, err := s.lockBoth(ctx, owner, id, into)
		if err != nil {
			return err
		}
		if guard != nil {
			if err := guard(&current); err != nil {
				return err
			}
		}
		if kept, err = checkMerge(id, into, other, faults); err != nil {
			return err
		}
		if err := s.tasks.Deletion.TagMerged(ctx, owner, id, kept.ID); err != nil {
			return err
		}
		return s.store.Delete(ctx, owner, id)
	})
	return kept, err
}

// lockBoth locks a tag, and the other if there is such a one, which is nil
// otherwise. Two merges at once lock in the order of ids, or each could wait
// for the other.
func (s *Service) lockBoth(ctx context.Context, owner, id uuid.UUID, otherID *uuid.UUID) (current Tag, other *Tag, err error) {
	lockOther := func() error {
		if otherID == nil || *otherID == id {
			return nil
		}
		t, err := s.store.Lock(ctx, owner, *otherID)
		if errs.KindOf(err) == errs.NotFound {
			return nil
		}
		other = &t
		return err
	}
	otherFirst := otherID != nil && bytes.Compare(otherID[:], id[:]) < 0
	if otherFirst {
		if err := lockOther(); err != nil {
			return Tag{}, nil, err
		}
	}
	if current, err = s.store.Lock(ctx, owner, id); err != nil {
		return Tag{}, nil, err
	}
	if !otherFirst {
		err = lockOther()
	}
	return current, other, err
}

// checkMerge completes faults with what is wrong with merging the tag id into
// the one named, which is other where it exists.
func checkMerge(id uuid.UUID, into *uuid.UUID, other *Tag, faults errs.Faults) (Tag, error) {
	const field = "into_id"
	switch {
	case faults.Has(field):
	case into == nil:
		faults.Add(field, errs.Faultf(errs.FaultNullNotAllowed, "must not be null"))
	case *into == id:
		faults.Add(field, errs.Faultf(errs.FaultConflict, "names the tag itself"))
	case other == nil:
		faults.Add(field, errs.Faultf(errs.FaultNotFound, "names a tag that does not exist"))
	}
	if err := faults.Err(); err != nil {
		return Tag{}, err
	}
	return *other, nil
}
