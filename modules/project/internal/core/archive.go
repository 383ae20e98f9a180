package core

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Archive puts the project away: it takes no more tasks, and its name is free.
// One that is archived already stays as it is. It returns [NotFound].
func (s *Service) Archive(ctx context.Context, owner, id uuid.UUID, guard Guard) (Project, error) {
	return s.setArchived(ctx, owner, id, guard, true)
}

// Unarchive brings the project back into use. One that is in use already stays
// as it is. It returns [NotFound], or [NameTaken] where another has its name by
// now.
func (s *Service) Unarchive(ctx context.Context, owner, id uuid.UUID, guard Guard) (Project, error) {
	return s.setArchived(ctx, owner, id, guard, false)
}

func (s *Service) setArchived(ctx context.Context, owner, id uuid.UUID, guard Guard, archived bool) (project Project, err error) {
	err = s.tx.InTx(ctx, func(ctx context.Context) error {
		current, err := s.lock(ctx, owner, id, guard)
		if err != nil {
			return err
		}
		var differs bool
		if project, differs = current.archived(archived, s.instant()); !differs {
			return nil
		}
		return s.store.Update(ctx, owner, project)
	})
	return project, err
}

// archived returns p put away, or in use, and whether that differs from p at
// all.
func (p Project) archived(archived bool, now time.Time) (Project, bool) {
	if (p.ArchivedAt != nil) == archived {
		return p, false
	}
	p.ArchivedAt, p.UpdatedAt = nil, now
	if archived {
		p.ArchivedAt = &now
	}
	p.Revision++
	return p, true
}
