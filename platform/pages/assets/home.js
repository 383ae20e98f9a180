// The front page of a developer's machine: how many requests there were, and a
// board of tasks that is drawn through the public API alone.
"use strict";

const settings = JSON.parse(document.getElementById("settings").textContent);
const columns = { todo: "To do", in_progress: "In progress", done: "Done", cancelled: "Cancelled" };
const board = document.getElementById("board");
const said = document.getElementById("said");

function say(text, bad = false) {
  if (!said) return;
  said.textContent = text;
  said.classList.toggle("bad", bad);
}

const wait = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

// call sends a request and returns its answer; a 429 is waited out.
async function call(method, path, body, headers = {}) {
  for (;;) {
    const answer = await fetch("/api/v1" + path, {
      method,
      credentials: "omit",
      headers: { Authorization: "Bearer " + settings.token, ...(body && { "Content-Type": "application/json" }), ...headers },
      body: body && JSON.stringify(body),
    });
    if (answer.status !== 429) return { ok: answer.ok, status: answer.status, body: await answer.json() };
    const seconds = Number(answer.headers.get("Retry-After")) || 1;
    say(`Too many requests: waiting ${seconds} s.`);
    await wait(seconds);
  }
}

// fail says why a request was refused, and lets nothing else be said of it.
function fail(answer) {
  const { code, message, details } = answer.body.error;
  if (code === "TOKEN_EXPIRED") location.reload();
  say(details?.length ? details.map((d) => `${d.field} ${d.message}`).join("; ") : message, true);
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// change writes one task, unless somebody else did so meanwhile.
async function change(task, patch, done) {
  const answer = await call("PATCH", "/tasks/" + task.id, patch, { "If-Match": task.etag });
  if (!answer.ok) {
    fail(answer);
    if (answer.status === 412 || answer.status === 404) await draw();
    return;
  }
  await draw();
  say(done);
  document.getElementById("move-" + task.id)?.focus();
}

function card(task) {
  const item = element("li", "", { class: "card" });
  item.append(element("p", task.title));
  const due = task.due_on ?? (task.due_at && new Date(task.due_at).toLocaleString());
  const notes = [task.priority !== "none" && task.priority, due && "due " + due].filter(Boolean).join(" · ");
  if (notes) item.append(element("p", notes, { class: "faint" }));
  const tools = element("form");
  const move = element("select", "", { id: "move-" + task.id, "aria-label": `Move “${task.title}” to` });
  for (const [status, name] of Object.entries(columns)) {
    const option = element("option", name, { value: status });
    option.selected = status === task.status;
    move.append(option);
  }
  // Arrow keys walk through the states: only the button, or Enter, moves.
  const go = element("button", "Move", { type: "submit", "aria-label": `Move “${task.title}” there` });
  go.hidden = true;
  const finish = element("button", "Finish", { type: "button", "aria-label": `Finish “${task.title}”` });
  const closed = task.status !== "todo" && task.status !== "in_progress";
  finish.hidden = closed;
  move.addEventListener("change", () => {
    go.hidden = move.value === task.status;
    finish.hidden = closed || !go.hidden; // one button at a time
  });
  tools.addEventListener("submit", (event) => {
    event.preventDefault();
    if (move.value !== task.status) change(task, { status: move.value }, `“${task.title}” is in “${columns[move.value]}” now.`);
  });
  finish.addEventListener("click", () => change(task, { status: "done" }, `“${task.title}” is finished.`));
  tools.append(move, go, finish);
  item.append(tools);
  return item;
}

// draw fetches what is open, and what was finished last.
async function draw() {
  const [open, ended] = await Promise.all([
    call("GET", "/tasks?status=todo,in_progress&sort=position&limit=200"),
    call("GET", "/tasks?status=done,cancelled&sort=-updated_at&limit=25"),
  ]);
  for (const answer of [open, ended]) if (!answer.ok) return fail(answer);
  const tasks = [...open.body.data, ...ended.body.data];
  board.replaceChildren(
    ...Object.entries(columns).map(([status, name]) => {
      const column = element("section", "", { class: "column", "data-status": status, "aria-labelledby": "column-" + status });
      const cards = tasks.filter((task) => task.status === status).map(card);
      const more = (status === "todo" || status === "in_progress" ? open : ended).body.meta.next_cursor ? "+" : "";
      column.append(element("h3", `${name} (${cards.length}${more})`, { id: "column-" + status }));
      const list = element("ul");
      list.append(...cards);
      column.append(list);
      return column;
    }),
  );
  board.setAttribute("aria-busy", "false");
}

document.getElementById("create")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const title = form.elements.title.value;
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const answer = await call("POST", "/tasks", { title }, { "Idempotency-Key": crypto.randomUUID() });
    if (!answer.ok) return fail(answer);
    form.reset();
    await draw();
    say(`“${title}” is added.`);
  } catch {
    say("The server does not answer.", true);
  } finally {
    button.disabled = false;
    form.elements.title.focus();
  }
});

// count shows the number of requests, while somebody looks.
async function count() {
  const state = document.getElementById("state");
  try {
    const answer = await fetch("/status", { credentials: "omit" });
    const { data } = await answer.json();
    document.getElementById("requests").textContent = data.requests.toLocaleString();
    if (state.textContent !== "running") state.textContent = "running";
  } catch {
    state.textContent = "not answering";
  }
}

setInterval(() => document.hidden || count(), 2000);
count();
if (board) draw().catch(() => say("The server does not answer.", true));
