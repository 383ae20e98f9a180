package core

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"docket/platform/errs"
)

// place works out where a task goes that d puts below a parent or into a
// project: current is where it is now, nil for a new task. It completes d, and
// returns what is wrong with it, or the conflict that it runs into. It is
// called inside a unit of work.
func (s *Service) place(ctx context.Context, owner uuid.UUID, current *Task, d *Draft) (faults errs.Faults, conflict *errs.Error, err error) {
	if d.ParentID != nil || current != nil {
		if err := s.tree.LockTree(ctx, owner); err != nil {
			return nil, nil, err
		}
	}
	if d.ParentID != nil {
		if err := s.placeBelow(ctx, owner, current, d, &faults); err != nil {
			return nil, nil, err
		}
	}
	if d.ProjectID == nil || current != nil && same(current.ProjectID, d.ProjectID) {
		return faults, nil, nil
	}
	answers, err := s.places.Projects.TakesTasks(ctx, owner, []uuid.UUID{*d.ProjectID})
	takes, exists := answers[*d.ProjectID]
	switch {
	case err != nil:
		return nil, nil, err
	case !exists && !d.ProjectNamed:
		// The parent's project, which was deleted since the parent was read.
		return nil, nil, ErrReferenceGone
	case !exists:
		faults.Add("project_id", errs.Faultf(errs.FaultNotFound, "names a project that does not exist"))
	case !takes:
		conflict = ProjectArchived(d.projectField(), *d.ProjectID)
	}
	return faults, conflict, nil
}

// projectField names the field from which the project follows.
func (d Draft) projectField() string {
	if d.ProjectNamed {
		return "project_id"
	}
	return "parent_id"
}

// placeBelow is the part of place for a task that gets a parent: it follows
// the parent into its project, does not end below itself, and nothing below it
// ends deeper than [MaxLevels].
func (s *Service) placeBelow(ctx context.Context, owner uuid.UUID, current *Task, d *Draft, faults *errs.Faults) error {
	ancestries, err := s.tree.Ancestries(ctx, owner, []uuid.UUID{*d.ParentID})
	if err != nil {
		return err
	}
	above := ancestries[*d.ParentID]
	if len(above) == 0 {
		faults.Add("parent_id", errs.Faultf(errs.FaultNotFound, "names a task that does not exist"))
		return nil
	}
	height := 1
	if current != nil {
		if slices.ContainsFunc(above, func(a Ancestor) bool { return a.ID == current.ID }) {
			faults.Add("parent_id", errs.Faultf(errs.FaultConflict, "names the task itself or one below it"))
			return nil
		}
		if height, err = s.tree.Height(ctx, owner, current.ID); err != nil {
			return err
		}
	}
	if len(above)+height > MaxLevels {
		faults.Add("parent_id", errs.Faultf(errs.FaultOutOfRange, "would nest tasks deeper than %d levels", MaxLevels))
	}
	parent := above[0]
	if d.ProjectNamed && !same(d.ProjectID, parent.ProjectID) {
		faults.Add("project_id", errs.Faultf(errs.FaultConflict, "must be the parent's project; leave it out to follow the parent"))
		return nil
	}
	d.ProjectID = parent.ProjectID
	return nil
}

// checkRest completes faults with those that need no place, and returns them
// as an error if there are any. Tags that the task carries already are known
// to exist.
func (s *Service) checkRest(ctx context.Context, owner uuid.UUID, d Draft, carried []uuid.UUID, faults errs.Faults) error {
	faults = append(faults, d.check()...)
	var added []uuid.UUID
	for _, id := range d.TagIDs {
		if !slices.Contains(carried, id) && !slices.Contains(added, id) {
			added = append(added, id)
		}
	}
	if len(added) > 0 {
		missing, err := s.places.Tags.MissingTags(ctx, owner, added)
		if err != nil {
			return err
		}
		var absent errs.Faults
		for _, id := range missing {
			absent.Add(tagField(slices.Index(d.TagIDs, id), faults), errs.Faultf(errs.FaultNotFound, "names a tag that does not exist"))
		}
		faults = append(faults, absent...)
	}
	return faults.Err()
}

// tagField names the element of the request from which the n-th of the draft's
// tags was read. Elements that could not be read have a fault and no place in
// the draft.
func tagField(n int, faults errs.Faults) string {
	for i := 0; ; i++ {
		field := fmt.Sprintf("tag_ids[%d]", i)
		unread := slices.ContainsFunc(faults, func(f errs.Fault) bool { return f.Field == field && f.Code != errs.FaultDuplicate })
		switch {
		case unread:
		case n == 0:
			return field
		default:
			n--
		}
	}
}
