-- Gives each of the users $1 copies of their newest tasks, $3 each, under ids that
-- begin with $2, with all that belongs to a task; the first $4 of each are alike
-- in $5. They are the newest then, and what a list begins with.
WITH model AS (
	SELECT tasks, words, row_number() OVER newest - 1 AS n, count(*) OVER (PARTITION BY tasks.user_id) AS of_all, u.n AS of_user
	FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n)
	JOIN tasks ON tasks.user_id = u.id JOIN task_search ON task_search.user_id = u.id AND task_id = tasks.id
	WINDOW newest AS (PARTITION BY tasks.user_id ORDER BY tasks.created_at DESC)
), copied AS (
	SELECT model.*, i, ($2 || lpad(to_hex((of_user - 1) * 65536 + i), 12, '0'))::uuid AS new_id
	FROM generate_series(0, $3::int - 1) AS i JOIN model ON model.n = i % least(of_all, $3::int)
), task AS (
	INSERT INTO tasks SELECT (jsonb_populate_record(tasks, jsonb_build_object('id', new_id, 'parent_id', NULL,
		'created_at', now(), 'updated_at', now(), 'revision', 1) || CASE WHEN i < $4 THEN $5::jsonb ELSE '{}' END)).* FROM copied
	ON CONFLICT DO NOTHING RETURNING user_id, id, tag_ids, created_at
), search AS (
	INSERT INTO task_search (user_id, task_id, words)
	SELECT task.user_id, task.id, words FROM task JOIN copied ON new_id = task.id
)
INSERT INTO task_tags (user_id, task_id, tag_id, created_at) SELECT user_id, id, unnest(tag_ids), created_at FROM task
