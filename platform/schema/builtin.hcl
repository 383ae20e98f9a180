// Docket's schema as it should be: `atlas schema apply` computes the way there.
//
// The owner is in every key. A table of users' data has the primary key
// (user_id, id), every foreign key carries user_id, and every index a list
// uses starts with it: a row cannot even in principle refer to another user's.
//
// Each table names its owner in a line `// owner: <module>` right above it. A
// test holds the SQL of each module against those lines.
//
// Every constraint and index is named; stores turn these names into errors of
// their domain. Predicates and expressions are written the way PostgreSQL
// prints them, or each apply would find a difference.

schema "public" {}

// owner: identity
table "users" {
  schema  = schema.public
  comment = "a person as one issuer knows them; everything else hangs on its id"
  column "id" { type = uuid }
  column "issuer" {
    type    = text
    collate = "C"
    comment = "name of the trust that vouched for the subject, not the URL of the day"
  }
  column "subject" {
    type    = text
    collate = "C"
    comment = "opaque, compared byte for byte"
  }
  column "email" {
    type = text
    null = true
  }
  column "name" {
    type = text
    null = true
  }
  column "profile_as_of" {
    type    = timestamptz
    comment = "when the token was issued that email and name come from"
  }
  column "time_zone" {
    type    = text
    default = "UTC"
  }
  column "created_at" { type = timestamptz }
  column "updated_at" { type = timestamptz }
  column "revision" {
    type    = bigint
    default = 1
    comment = "grows with every change: the guard of read-modify-write"
  }
  primary_key { columns = [column.id] }
  index "users_issuer_subject_key" {
    unique  = true
    columns = [column.issuer, column.subject]
  }
}

// owner: identity
table "tombstones" {
  schema  = schema.public
  comment = "users who were erased: their tokens may live on, and must not bring them back"
  column "id" {
    type    = uuid
    comment = "of the user there was"
  }
  column "issuer" {
    type    = text
    collate = "C"
  }
  column "subject" {
    type    = text
    collate = "C"
  }
  column "erased_at" { type = timestamptz }
  column "finished_at" {
    type    = timestamptz
    null    = true
    comment = "when nothing was left; null while rows are being removed"
  }
  primary_key { columns = [column.id] }
  index "tombstones_issuer_subject_key" {
    unique  = true
    columns = [column.issuer, column.subject]
  }
  index "tombstones_erased_idx" {
    columns = [column.erased_at]
  }
  index "tombstones_unfinished_idx" {
    columns = [column.erased_at]
    where   = "(finished_at IS NULL)"
  }
  index "tombstones_finished_idx" {
    columns = [column.finished_at]
    where   = "(finished_at IS NOT NULL)"
  }
}

// owner: project
table "projects" {
  schema = schema.public
  column "user_id" { type = uuid }
  column "id" { type = uuid }
  column "name" { type = text }
  column "name_key" {
    type    = text
    collate = "C"
    comment = "name with letter case folded: what is unique, and sorts"
  }
  column "description" {
    type = text
    null = true
  }
  column "color" {
    type = text
    null = true
  }
  column "position" {
    type    = text
    collate = "C"
  }
  column "archived_at" {
    type = timestamptz
    null = true
  }
  column "created_at" { type = timestamptz }
  column "updated_at" { type = timestamptz }
  column "revision" {
    type    = bigint
    default = 1
    comment = "grows with every change: the guard of read-modify-write"
  }
  column "placed" {
    type    = bigint
    default = 0
    comment = "the transaction in which its user made it or moved it: new positions that make room for another leave it"
  }
  primary_key { columns = [column.user_id, column.id] }
  foreign_key "projects_user_fk" {
    columns     = [column.user_id]
    ref_columns = [table.users.column.id]
    on_delete   = CASCADE
  }
  index "projects_name_key" {
    unique  = true
    columns = [column.user_id, column.name_key]
    where   = "(archived_at IS NULL)"
  }
  // What is listed unless asked for otherwise: the projects in use, which the
  // name's key serves as well.
  index "projects_live_by_position_idx" {
    columns = [column.user_id, column.position, column.id]
    where   = "(archived_at IS NULL)"
  }
  index "projects_live_by_created_idx" {
    columns = [column.user_id, column.created_at, column.id]
    where   = "(archived_at IS NULL)"
  }
  index "projects_live_by_updated_idx" {
    columns = [column.user_id, column.updated_at, column.id]
    where   = "(archived_at IS NULL)"
  }
  index "projects_by_name_idx" { columns = [column.user_id, column.name_key, column.id] }
  index "projects_by_position_idx" { columns = [column.user_id, column.position, column.id] }
  index "projects_by_created_idx" { columns = [column.user_id, column.created_at, column.id] }
  index "projects_by_updated_idx" { columns = [column.user_id, column.updated_at, column.id] }
  check "projects_name_check" {
    expr = "((char_length(name) >= 1) AND (char_length(name) <= 120))"
  }
  check "projects_description_check" { expr = "(char_length(description) <= 2000)" }
  check "projects_color_check" { expr = "(color ~ '^#[0-9a-f]{6}$'::text)" }
}

// owner: tag
table "tags" {
  schema = schema.public
  column "user_id" { type = uuid }
  column "id" { type = uuid }
  column "name" { type = text }
  column "name_key" {
    type    = text
    collate = "C"
    comment = "name with letter case folded: what is unique, and sorts"
  }
  column "color" {
    type = text
    null = true
  }
  column "created_at" { type = timestamptz }
  column "updated_at" { type = timestamptz }
  column "revision" {
    type    = bigint
    default = 1
    comment = "grows with every change: the guard of read-modify-write"
  }
  primary_key { columns = [column.user_id, column.id] }
  foreign_key "tags_user_fk" {
    columns     = [column.user_id]
    ref_columns = [table.users.column.id]
    on_delete   = CASCADE
  }
  index "tags_name_key" {
    unique  = true
    columns = [column.user_id, column.name_key]
  }
  index "tags_by_name_idx" { columns = [column.user_id, column.name_key, column.id] }
  index "tags_by_created_idx" { columns = [column.user_id, column.created_at, column.id] }
  index "tags_by_updated_idx" { columns = [column.user_id, column.updated_at, column.id] }
  check "tags_name_check" {
    expr = "((char_length(name) >= 1) AND (char_length(name) <= 60))"
  }
  check "tags_color_check" { expr = "(color ~ '^#[0-9a-f]{6}$'::text)" }
}

// owner: task
table "tasks" {
  schema = schema.public
  column "user_id" { type = uuid }
  column "id" { type = uuid }
  column "title" { type = text }
  column "title_key" {
    type    = text
    collate = "C"
    comment = "title with letter case folded: what sorts"
  }
  column "description" {
    type = text
    null = true
  }
  column "status" {
    type    = text
    default = "todo"
  }
  column "priority" {
    type    = smallint
    default = 0
    comment = "0 none, 1 low, 2 medium, 3 high, 4 urgent"
  }
  column "due_at" {
    type = timestamptz
    null = true
  }
  column "due_on" {
    type = date
    null = true
  }
  column "project_id" {
    type = uuid
    null = true
  }
  column "parent_id" {
    type = uuid
    null = true
  }
  // No default: of tasks that were there before, it would say something wrong.
  column "tag_ids" {
    type    = sql("uuid[]")
    comment = "the task's rows of task_tags, in order: written by the same statements, so that a page of tasks is read from one table"
  }
  column "position" {
    type    = text
    collate = "C"
  }
  column "completed_at" {
    type = timestamptz
    null = true
  }
  column "created_at" { type = timestamptz }
  column "updated_at" { type = timestamptz }
  column "revision" {
    type    = bigint
    default = 1
    comment = "grows with every change: the guard of read-modify-write"
  }
  column "placed" {
    type    = bigint
    default = 0
    comment = "the transaction in which its user made it or moved it: new positions that make room for another leave it"
  }
  primary_key { columns = [column.user_id, column.id] }
  foreign_key "tasks_user_fk" {
    columns     = [column.user_id]
    ref_columns = [table.users.column.id]
    on_delete   = CASCADE
  }
  // NO_ACTION, since a composite SET NULL would null user_id as well: a project
  // lets go of its tasks in the transaction that deletes it.
  foreign_key "tasks_project_fk" {
    columns     = [column.user_id, column.project_id]
    ref_columns = [table.projects.column.user_id, table.projects.column.id]
    on_delete   = NO_ACTION
  }
  // A task goes with its whole subtree.
  foreign_key "tasks_parent_fk" {
    columns     = [column.user_id, column.parent_id]
    ref_columns = [table.tasks.column.user_id, table.tasks.column.id]
    on_delete   = CASCADE
  }
  // Each order of a list has an index. What follows the id there is what a list
  // may be narrowed by: a task that does not fit is passed over without being
  // looked up, a hundred or so by block. Keys they are, not "include", which
  // PostgreSQL does not hold conditions to before it has the row.
  index "tasks_created_idx" {
    columns = [column.user_id, column.created_at, column.id, column.completed_at, column.updated_at, column.due_at, column.due_on, column.priority, column.status, column.project_id, column.parent_id]
  }
  index "tasks_updated_idx" {
    columns = [column.user_id, column.updated_at, column.id, column.completed_at, column.due_at, column.due_on, column.priority, column.status, column.project_id, column.parent_id]
  }
  index "tasks_title_idx" {
    columns = [column.user_id, column.title_key, column.id, column.completed_at, column.updated_at, column.due_at, column.due_on, column.priority, column.status, column.project_id, column.parent_id]
  }
  index "tasks_priority_idx" {
    columns = [column.user_id, column.priority, column.id, column.completed_at, column.updated_at, column.due_at, column.due_on, column.status, column.project_id, column.parent_id]
  }
  index "tasks_position_idx" {
    columns = [column.user_id, column.position, column.id, column.completed_at, column.updated_at, column.due_at, column.due_on, column.priority, column.status, column.project_id, column.parent_id]
  }
  // Of due_at and due_on one is null: the index holds tasks with an instant in
  // their order, then all-day tasks in theirs, then those without a date.
  index "tasks_due_idx" {
    columns = [column.user_id, column.due_at, column.due_on, column.id, column.completed_at, column.updated_at, column.priority, column.status, column.project_id, column.parent_id]
  }
  index "tasks_status_created_idx" {
    columns = [column.user_id, column.status, column.created_at, column.id, column.completed_at, column.updated_at, column.due_at, column.due_on, column.priority, column.project_id, column.parent_id]
  }
  // What is open, by due: an agenda, what is overdue, and all that a summary
  // counts, from the index alone.
  index "tasks_open_due_idx" {
    columns = [column.user_id, column.due_at, column.due_on, column.id, column.updated_at, column.priority, column.status, column.project_id, column.parent_id]
    include = [column.tag_ids]
    where   = "(status = ANY (ARRAY['todo'::text, 'in_progress'::text]))"
  }
  index "tasks_completed_idx" {
    columns = [column.user_id, column.completed_at]
    where   = "(completed_at IS NOT NULL)"
  }
  // The inbox, project_id null, is looked through like any project. How many of
  // its tasks are open, and how many done, is counted from the index alone.
  index "tasks_project_position_idx" {
    columns = [column.user_id, column.project_id, column.position, column.id, column.completed_at, column.updated_at, column.due_at, column.due_on, column.priority, column.status, column.parent_id]
  }
  index "tasks_project_created_idx" {
    columns = [column.user_id, column.project_id, column.created_at, column.id, column.completed_at, column.updated_at, column.due_at, column.due_on, column.priority, column.status, column.parent_id]
  }
  index "tasks_parent_idx" {
    columns = [column.user_id, column.parent_id, column.position, column.id]
    where   = "(parent_id IS NOT NULL)"
  }
  check "tasks_title_check" {
    expr = "((char_length(title) >= 1) AND (char_length(title) <= 500))"
  }
  check "tasks_description_check" { expr = "(char_length(description) <= 16384)" }
  check "tasks_status_check" {
    expr = "(status = ANY (ARRAY['todo'::text, 'in_progress'::text, 'done'::text, 'cancelled'::text]))"
  }
  check "tasks_priority_check" { expr = "((priority >= 0) AND (priority <= 4))" }
  check "tasks_due_check" { expr = "((due_at IS NULL) OR (due_on IS NULL))" }
  check "tasks_completed_check" {
    expr = "((completed_at IS NOT NULL) = (status = ANY (ARRAY['done'::text, 'cancelled'::text])))"
  }
  check "tasks_parent_check" { expr = "(parent_id <> id)" }
}

// owner: task
table "task_search" {
  schema  = schema.public
  comment = "what a task is found by, apart from the task so that a change of anything else leaves the index alone"
  column "user_id" { type = uuid }
  column "task_id" { type = uuid }
  column "words" {
    type    = tsvector
    comment = "words of title (weight A) and description, folded, each behind a hash of the owner: the index reads that owner's alone"
  }
  primary_key { columns = [column.user_id, column.task_id] }
  foreign_key "task_search_task_fk" {
    columns     = [column.user_id, column.task_id]
    ref_columns = [table.tasks.column.user_id, table.tasks.column.id]
    on_delete   = CASCADE
  }
  index "task_search_words_idx" {
    type    = GIN
    columns = [column.words]
  }
}

// owner: task
table "task_tags" {
  schema = schema.public
  column "user_id" { type = uuid }
  column "task_id" { type = uuid }
  column "tag_id" { type = uuid }
  column "created_at" {
    type    = timestamptz
    comment = "of the task, which never changes: the tasks of a tag in the default order"
  }
  primary_key { columns = [column.user_id, column.task_id, column.tag_id] }
  foreign_key "task_tags_task_fk" {
    columns     = [column.user_id, column.task_id]
    ref_columns = [table.tasks.column.user_id, table.tasks.column.id]
    on_delete   = CASCADE
  }
  foreign_key "task_tags_tag_fk" {
    columns     = [column.user_id, column.tag_id]
    ref_columns = [table.tags.column.user_id, table.tags.column.id]
    on_delete   = CASCADE
  }
  index "task_tags_tag_idx" { columns = [column.user_id, column.tag_id, column.created_at, column.task_id] }
}

// owner: platform
table "idempotency_keys" {
  schema  = schema.public
  comment = "the first answer to each request that carried an Idempotency-Key"
  column "user_id" { type = uuid }
  column "key" {
    type    = text
    collate = "C"
  }
  column "fingerprint" {
    type    = bytea
    comment = "hash of method, path with query, and body"
  }
  column "status" {
    type    = smallint
    default = 0
    comment = "of HTTP; the row comes with its answer"
  }
  column "etag" {
    type    = text
    default = ""
  }
  column "location" {
    type    = text
    default = ""
  }
  column "body" {
    type = bytea
    null = true
  }
  column "expires_at" { type = timestamptz }
  primary_key { columns = [column.user_id, column.key] }
  foreign_key "idempotency_keys_user_fk" {
    columns     = [column.user_id]
    ref_columns = [table.users.column.id]
    on_delete   = CASCADE
  }
  index "idempotency_keys_expiry_idx" { columns = [column.expires_at] }
}

// owner: platform
table "service_keys" {
  schema  = schema.public
  comment = "secrets that all replicas share, made by the first that needs them"
  column "name" { type = text }
  column "key" { type = bytea }
  column "created_at" {
    type    = timestamptz
    default = sql("now()")
  }
  primary_key { columns = [column.name] }
}
