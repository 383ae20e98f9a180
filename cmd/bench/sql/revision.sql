SELECT revision FROM tasks WHERE user_id = $1 AND id = $2
