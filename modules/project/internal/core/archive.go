package core

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Archive puts the project away: it takes no more tasks, and its name is free.
// One that is archived already stays as it is. It returns [NotFound].
func (s *Service) Archive(ctx context.Context, owner, id uuid.UUID, guard Guard) (Project, error) {
	now := s.instant()
	return s.setArchived(ctx, owner, id, guard, &now)
}

// Unarchive brings the project back into use. One that is in use already stays
// as it is. It returns [NotFound], or [NameTaken] where another has its name by
// now.
func (s *Service) Unarchive(ctx context.Context, owner, id uuid.UUID, guard Guard) (Project, error) {
	return s.setArchived(ctx, owner, id, guard, nil)
}

func (s *Service) setArchived(ctx context.Context, owner, id uuid.UUID, guard Guard, at *time.Time) (project Project, err error) {
	err = s.tx.InTx(ctx, func(ctx context.Context) error {
		current, err := s.lock(ctx, owner, id, guard)
		if err != nil {
			return err
		}
		var differs bool
		if project, differs = current.archived(at, s.instant()); !differs {
			return nil
		}
		return s.store.Update(ctx, owner, project)
	})
	return project, err
}

// archived returns p put away at an instant, or in use where that is nil, and
// whether that differs from p at all.
func (p Project) archived(at *time.Time, now time.Time) (Project, bool) {
	if (p.ArchivedAt == nil) == (at == nil) {
		return p, false
	}
	p.ArchivedAt, p.UpdatedAt = at, now
	p.Revision++
	return p, true
}
