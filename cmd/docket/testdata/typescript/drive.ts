// Goes README.md's journey and further, typed: against the server that
// DOCKET_API names, with Better Auth at AUTH_URL, whose origin is AUTH_ORIGIN. It
// ends with a line that says what it saw.
import assert from "node:assert/strict";
import { createAuthClient } from "better-auth/client";
import { jwtClient } from "better-auth/client/plugins";
import { docket } from "./client.js";
import { journey } from "./journey.js";

const setting = (name: string) => {
  const value = process.env[name];
  assert(value, `${name} is not set`);
  return value;
};
const authURL = setting("AUTH_URL");

// What a browser does: it keeps cookies, and says whose page asks. Answers that
// the journey has to cope with are counted.
const cookies = new Map<string, string>();
const refused = { 412: 0, 429: 0 };
const network = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const request = new Request(input, init);
  const own = request.url.startsWith(authURL);
  if (own) request.headers.set("Origin", setting("AUTH_ORIGIN"));
  if (own && cookies.size > 0) request.headers.set("Cookie", [...cookies].map(([name, value]) => `${name}=${value}`).join("; "));
  const answer = await network(request);
  if (answer.status === 412 || answer.status === 429) refused[answer.status]++;
  for (const cookie of own ? answer.headers.getSetCookie() : []) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
    if (name) cookies.set(name, value ?? "");
  }
  return answer;
};

const { board, merged, faults } = await journey(setting("DOCKET_API"), authURL, setting("AUTH_EMAIL"), setting("AUTH_PASSWORD"));
assert.equal(board.todo.length, 100);
assert.match(merged.title, /^Slat \d+, high priority$/);
assert.equal(merged.priority, "high");
assert.equal(refused[412], 1, "the slower device was not refused once");
assert.deepEqual(faults.map((f) => `${f.field} ${f.code}`).sort(), ["project_id invalid_format", "title too_short"]);

const authClient = createAuthClient({ baseURL: authURL, plugins: [jwtClient()], fetchOptions: { throw: true } });
const { token } = await authClient.token();
const { api, tasks } = docket(setting("DOCKET_API"), async () => token);

const me = await api.GET("/api/v1/auth/me");
assert.equal(me.data?.data.email, setting("AUTH_EMAIL"));

// A project, a tag, a task with both.
const project = await api.POST("/api/v1/projects", { body: { name: "Renovation" } });
assert(project.data, JSON.stringify(project.error));
const tag = await api.POST("/api/v1/tags", { body: { name: "home" } });
assert(tag.data, JSON.stringify(tag.error));
const made = await api.POST("/api/v1/tasks", {
  body: { title: "Paint the fence", project_id: project.data.data.id, tag_ids: [tag.data.data.id] },
});
assert(made.data, JSON.stringify(made.error));

// Errors are told apart by their code.
const again = await api.POST("/api/v1/tags", { body: { name: "HOME" } });
assert(again.error?.error.code === "CONFLICT", JSON.stringify(again));
assert.equal(again.error.error.details?.[0]?.id, tag.data.data.id);
const wrong = await api.PATCH("/api/v1/tasks/{id}", {
  params: { path: { id: made.data.data.id } },
  body: { tag_ids: [tag.data.data.id, "nothing"] },
});
assert(wrong.error?.error.code === "VALIDATION_FAILED", JSON.stringify(wrong));
assert.deepEqual(wrong.error.error.details.map((d) => d.field), ["tag_ids[1]"]);

// Every task, page by page.
const seen = new Set<string>();
for await (const task of tasks()) seen.add(task.id);
assert.equal(seen.size, 101);

// More requests than are allowed: each is waited for, none fails.
for (let round = 0; refused[429] === 0 && round < 50; round++) {
  const answers = await Promise.all(Array.from({ length: 30 }, () => api.GET("/api/v1/tasks/summary")));
  for (const { data, error } of answers) assert.equal(data?.data.open, 101, JSON.stringify(error));
}
assert(refused[429] > 0, "no request was refused for its number");

// A proxy's 429 may say nothing of use in Retry-After: it is no reason to ask
// again at once.
await Promise.all(
  [undefined, "0", "Mon, 23 Nov 2026 09:30:00 GMT"].map(async (retryAfter, i) => {
    const origin = `http://proxy-${i}.invalid`;
    let asked = 0;
    const reach = globalThis.fetch;
    globalThis.fetch = async (input, init) => {
      if (!(input instanceof Request) || !input.url.startsWith(origin)) return reach(input, init);
      const headers = { "Content-Type": "application/json", ...(retryAfter && { "Retry-After": retryAfter }) };
      return asked++ === 0 ? new Response("{}", { status: 429, headers }) : new Response('{"success":true,"data":{}}', { headers });
    };
    const began = performance.now();
    const { data } = await docket(origin, async () => token).api.GET("/api/v1/auth/me");
    assert(data?.success && asked === 2, `${retryAfter}: asked ${asked} times`);
    assert(performance.now() - began > 900, `${retryAfter}: asked again after ${performance.now() - began} ms`);
  }),
);

console.log(JSON.stringify({ tasks: seen.size, title: merged.title, limited: refused[429] > 0, token }));
