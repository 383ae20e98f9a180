// A user's way through the API, typed: against the server that DOCKET_API names,
// signed in with Better Auth at AUTH_URL, whose origin is AUTH_ORIGIN. It ends
// with a line that says what it saw.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { docket } from "./client.js";

const setting = (name: string) => {
  const value = process.env[name];
  assert(value, `${name} is not set`);
  return value;
};

// What a browser's cookies and Better Auth's client do.
async function signIn() {
  const headers = { "Content-Type": "application/json", Origin: setting("AUTH_ORIGIN") };
  const body = JSON.stringify({ email: setting("AUTH_EMAIL"), password: setting("AUTH_PASSWORD") });
  const answer = await fetch(`${setting("AUTH_URL")}/api/auth/sign-in/email`, { method: "POST", headers, body });
  assert.equal(answer.status, 200, await answer.text());
  const cookie = answer.headers.getSetCookie().map((c) => c.split(";")[0]).join("; ");
  return async () => {
    const answer = await fetch(`${setting("AUTH_URL")}/api/auth/token`, { headers: { ...headers, Cookie: cookie } });
    const { token } = (await answer.json()) as { token: string };
    return token;
  };
}

// Each request that is refused for its number is counted, and let through.
let refused = 0;
const network = globalThis.fetch;
globalThis.fetch = async (...request) => {
  const answer = await network(...request);
  if (answer.status === 429) refused++;
  return answer;
};

const renew = await signIn();
const token = await renew();
const { api, tasks, edit } = docket(setting("DOCKET_API"), async () => token);

const me = await api.GET("/api/v1/auth/me");
assert.equal(me.data?.data.email, setting("AUTH_EMAIL"));

// A board: a project, a tag, a task with both.
const project = await api.POST("/api/v1/projects", { body: { name: "Renovation" } });
assert(project.data, JSON.stringify(project.error));
const tag = await api.POST("/api/v1/tags", { body: { name: "home" } });
assert(tag.data, JSON.stringify(tag.error));
const made = await api.POST("/api/v1/tasks", {
  body: { title: "Paint the fence", project_id: project.data.data.id, tag_ids: [tag.data.data.id] },
});
assert(made.data, JSON.stringify(made.error));
const first = made.data.data;
const tagOfFirst = made.response.headers.get("ETag");
assert(tagOfFirst);

// Two devices edit one task; the slower one's change is merged.
const other = await edit(first, tagOfFirst, () => ({ priority: "high" }));
assert.equal(other.priority, "high");
const merged = await edit(first, tagOfFirst, (task) => ({ title: `${task.title}, ${task.priority} priority` }));
assert.equal(merged.title, "Paint the fence, high priority");
assert.equal(merged.priority, "high");

// Errors are told apart by their code.
const again = await api.POST("/api/v1/tags", { body: { name: "HOME" } });
assert(again.error?.error.code === "CONFLICT", JSON.stringify(again));
assert.equal(again.error.error.details?.[0]?.id, tag.data.data.id);
const wrong = await api.PATCH("/api/v1/tasks/{id}", {
  params: { path: { id: first.id } },
  body: { tag_ids: [tag.data.data.id, "nothing"] },
});
assert(wrong.error?.error.code === "VALIDATION_FAILED", JSON.stringify(wrong));
assert.deepEqual(wrong.error.error.details.map((d) => d.field), ["tag_ids[1]"]);

// A hundred tasks at once, safe to repeat.
const upload = await api.POST("/api/v1/batch", {
  params: { header: { "Idempotency-Key": randomUUID() } },
  body: { operations: Array.from({ length: 100 }, (_, i) => ({ op: "create" as const, data: { title: `Slat ${i + 1}` } })) },
});
assert.equal(upload.data?.data.length, 100, JSON.stringify(upload.error));

// Every task, page by page.
const seen = new Set<string>();
for await (const task of tasks()) seen.add(task.id);
assert.equal(seen.size, 101);

// More requests than are allowed: each is waited for, none fails.
for (let round = 0; refused === 0 && round < 50; round++) {
  const answers = await Promise.all(Array.from({ length: 30 }, () => api.GET("/api/v1/tasks/summary")));
  for (const { data, error } of answers) assert.equal(data?.data.open, 101, JSON.stringify(error));
}
assert(refused > 0, "no request was refused for its number");

console.log(JSON.stringify({ tasks: seen.size, title: merged.title, limited: refused > 0 }));
