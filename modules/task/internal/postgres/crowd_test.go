package postgres_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"docket/modules/task/internal/core"
	"docket/modules/task/internal/postgres"
)

// A crowd is many users with many tasks, of whom one has far more than others.
const (
	crowdUsers = 200
	crowdBig   = 20_000
	crowdEach  = 904 // some 200,000 tasks in all
	vocabulary = 2_000
	crowdTags  = 20
	// crowdRare is how many of the big user's tasks have the word rare.
	crowdRare = 12
)

// crowdUser is the id of the n-th user; the first has the most.
func crowdUser(n int) uuid.UUID {
	id := uuid.UUID{6: 0x70, 8: 0x80}
	binary.BigEndian.PutUint32(id[12:], uint32(n+1)*2_654_435_761)
	return id
}

// crowdID is the id of the n-th of something of each user.
func crowdID(kind, n int) uuid.UUID {
	id := uuid.UUID{0: byte(kind), 6: 0x70, 8: 0x80}
	binary.BigEndian.PutUint32(id[9:], uint32(n))
	return id
}

const (
	kindProject = iota + 1
	kindTag
	kindTask
)

// withoutIndexes drops what is built faster when the rows are there: all that
// can be dropped of the tables with many of them.
const withoutIndexes = `DO $$ DECLARE statement text; BEGIN
	FOR statement IN
		SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) FROM pg_constraint
			WHERE contype = 'f' AND conrelid IN ('tasks'::regclass, 'task_tags'::regclass, 'task_search'::regclass)
		UNION ALL SELECT format('DROP INDEX %s', indexrelid::regclass) FROM pg_index
			WHERE NOT indisunique AND indrelid IN ('tasks'::regclass, 'task_tags'::regclass, 'task_search'::regclass)
	LOOP EXECUTE statement; END LOOP;
END $$`

// loadCrowd fills an empty database, the same every time, and leaves it without
// some of its indexes.
func loadCrowd(t *testing.T, url string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if _, err := conn.Exec(t.Context(), withoutIndexes); err != nil {
		t.Fatal(err)
	}
	for _, table := range []struct {
		into string
		rows func(line func(...any))
	}{
		{"users (id, issuer, subject, profile_as_of, time_zone, created_at, updated_at)", crowdOfUsers},
		{"projects (user_id, id, name, name_key, position, created_at, updated_at)", crowdOfProjects},
		{"tags (user_id, id, name, name_key, created_at, updated_at)", crowdOfTags},
		{"tasks (user_id, id, title, title_key, status, priority, due_at, due_on, project_id, parent_id, position, completed_at, created_at, updated_at, tag_ids)", crowdOfTasks},
		{"task_tags (user_id, task_id, tag_id, created_at)", crowdOfTaskTags},
		{"task_search (user_id, task_id, words)", crowdOfWords},
	} {
		read, write := io.Pipe()
		go func() {
			lines := bufio.NewWriterSize(write, 1<<16)
			var failed error
			table.rows(func(values ...any) {
				if failed == nil {
					_, failed = lines.WriteString(line(values))
				}
			})
			write.CloseWithError(errors.Join(failed, lines.Flush()))
		}()
		if _, err := conn.PgConn().CopyFrom(t.Context(), read, "COPY "+table.into+" FROM STDIN"); err != nil {
			t.Fatalf("copy into %s: %v", table.into, err)
		}
	}
	if _, err := conn.Exec(t.Context(), "VACUUM ANALYZE"); err != nil {
		t.Fatal(err)
	}
}

// line is one row in the text format of COPY.
func line(values []any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case nil:
			texts[i] = `\N`
		case time.Time:
			texts[i] = v.Format(time.RFC3339Nano)
		default:
			texts[i] = fmt.Sprint(v)
		}
	}
	return strings.Join(texts, "\t") + "\n"
}

// crowdNow is when the crowd was made.
var crowdNow = time.Date(2026, time.March, 14, 12, 0, 0, 0, time.UTC)

func crowdOfUsers(row func(...any)) {
	for u := range crowdUsers {
		row(crowdUser(u), "test", u, crowdNow, "Europe/Berlin", crowdNow, crowdNow)
	}
}

func crowdOfProjects(row func(...any)) {
	for u := range crowdUsers {
		for n := range 10 {
			row(crowdUser(u), crowdID(kindProject, n), n, n, n, crowdNow, crowdNow)
		}
	}
}

func crowdOfTags(row func(...any)) {
	for u := range crowdUsers {
		for n := range crowdTags {
			row(crowdUser(u), crowdID(kindTag, n), n, n, crowdNow, crowdNow)
		}
	}
}

// eachOfCrowd goes over all tasks; what is drawn from r is the same each time.
func eachOfCrowd(visit func(owner uuid.UUID, n int, r *rand.Rand)) {
	for u := range crowdUsers {
		size := crowdEach
		if u == 0 {
			size = crowdBig
		}
		for n := range size {
			visit(crowdUser(u), n, rand.New(rand.NewPCG(uint64(u), uint64(n))))
		}
	}
}

func crowdTitle(n int, r *rand.Rand) string {
	var words []string
	for range 5 {
		f := r.Float64() // some words are much more frequent than others
		words = append(words, fmt.Sprintf("word%d", int(f*f*f*vocabulary)))
	}
	if n%(crowdBig/crowdRare) == 0 {
		words = append(words, "rare")
	}
	return strings.Join(words, " ")
}

func crowdMade(n int) time.Time { return crowdNow.Add(-time.Duration(crowdBig-n) * time.Minute) }

// crowdTagsOf are the tags of each user's n-th task.
func crowdTagsOf(n int) []uuid.UUID {
	var tags []uuid.UUID
	for _, tag := range rand.New(rand.NewPCG(3, uint64(n))).Perm(crowdTags)[:n%3] {
		tags = append(tags, crowdID(kindTag, tag))
	}
	slices.SortFunc(tags, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return tags
}

// array is ids in the text format of COPY.
func array(ids []uuid.UUID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	return "{" + strings.Join(texts, ",") + "}"
}

func crowdOfTasks(row func(...any)) {
	statuses := []core.Status{core.Done, core.Done, core.Done, core.Done, core.Done, core.Done, core.Todo, core.Todo, core.Todo, core.InProgress, core.Cancelled}
	eachOfCrowd(func(owner uuid.UUID, n int, r *rand.Rand) {
		title := crowdTitle(n, r)
		status := statuses[r.IntN(len(statuses))]
		made := crowdMade(n)
		changed := made.Add(time.Duration(r.IntN(100_000)) * time.Second)
		var dueAt, dueOn, project, parent, completed any
		switch due := crowdNow.Add(time.Duration(r.IntN(200*24*60)-100*24*60) * time.Minute); r.IntN(3) {
		case 0:
			dueAt = due
		case 1:
			dueOn = due.Format(time.DateOnly)
		}
		if p := n / 5 % 12; p < 10 {
			project = crowdID(kindProject, p)
		}
		if n%5 == 4 {
			parent = crowdID(kindTask, n-1)
		}
		if status.Closed() {
			completed = changed
		}
		row(owner, crowdID(kindTask, n), title, title, status, r.IntN(5), dueAt, dueOn, project, parent,
			fmt.Sprintf("a%08x", r.Uint32()), completed, made, changed, array(crowdTagsOf(n)))
	})
}

func crowdOfTaskTags(row func(...any)) {
	eachOfCrowd(func(owner uuid.UUID, n int, _ *rand.Rand) {
		for _, tag := range crowdTagsOf(n) {
			row(owner, crowdID(kindTask, n), tag, crowdMade(n))
		}
	})
}

func crowdOfWords(row func(...any)) {
	eachOfCrowd(func(owner uuid.UUID, n int, r *rand.Rand) {
		row(owner, crowdID(kindTask, n), postgres.Vector(owner, core.Task{Title: core.Title(crowdTitle(n, r))}))
	})
}
