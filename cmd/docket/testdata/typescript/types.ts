// What the types must hold: compiled, never run. Each line after an expectation
// has to be wrong, or the compiler says so.
import type { components } from "./docket.js";
import { docket } from "./client.js";

type Schemas = components["schemas"];

export async function errorsAreToldApart() {
  const { api } = docket("", async () => "");
  const { data, error } = await api.PATCH("/api/v1/tasks/{id}", { params: { path: { id: "" } }, body: {} });
  if (data) {
    const task: Schemas["Task"] = data.data;
    // @ts-expect-error there is no such member
    task.titel;
    return;
  }
  const failure = error.error;
  // @ts-expect-error only some failures have details
  failure.details;
  // @ts-expect-error only a stale write shows the resource
  failure.current;
  // @ts-expect-error no failure has this code
  if (failure.code === "VALIDATION_FALED") return;
  switch (failure.code) {
    case "VALIDATION_FAILED": {
      const faults: Schemas["Fault"][] = failure.details;
      // @ts-expect-error no fault has this code
      faults.some((f) => f.code === "to_long");
      // @ts-expect-error only a stale write shows the resource
      failure.current;
      return;
    }
    case "PRECONDITION_FAILED": {
      const current: Schemas["Task"] | undefined = failure.current;
      // @ts-expect-error it may not be there
      failure.current.title;
      return current;
    }
    case "METHOD_NOT_ALLOWED": // what a proxy that turns one method into another brings about
      return;
    case "CONFLICT":
    case "IDEMPOTENCY_KEY_REUSED":
    case "IDEMPOTENCY_KEY_IN_USE": {
      const faults: Schemas["Fault"][] | undefined = failure.details;
      return faults;
    }
  }
}

export async function requestsAreHeldToTheirTypes() {
  const { api } = docket("", async () => "");
  // @ts-expect-error a task needs a title
  await api.POST("/api/v1/tasks", { body: { description: "" } });
  // @ts-expect-error there is no such status
  await api.POST("/api/v1/tasks", { body: { title: "", status: "finished" } });
  // @ts-expect-error there is no such filter
  await api.GET("/api/v1/tasks", { params: { query: { state: "todo" } } });
  // @ts-expect-error there is no such path
  await api.GET("/api/v1/task");
}

// What an operation of a batch takes goes by what it does to what.
export async function operationsOfABatchAreHeldToTheirTypes() {
  const { api } = docket("", async () => "");
  const id = "";
  const operations: Schemas["BatchOperation"][] = [
    { op: "create", data: { title: "" } },
    { op: "create", resource: "task", temp_id: "a", data: { title: "", parent_id: "b", tag_ids: ["c"] } },
    { op: "create", resource: "project", data: { name: "", color: null } },
    { op: "create", resource: "tag", data: { name: "" } },
    { op: "update", id, if_match: "", data: { status: "done", due_on: null } },
    { op: "update", resource: "tag", id, data: { color: "" } },
    { op: "move", id: "a", data: { project_id: null, before_id: "b" } },
    { op: "move", resource: "project", id, data: { after_id: "" } },
    { op: "delete", id },
    { op: "delete", resource: "project", id, data: { tasks: "delete" } },
  ];
  const { data, error } = await api.POST("/api/v1/batch", { body: { operations, dry_run: true } });
  const failed: number | undefined = error && "index" in error.error ? error.error.index : undefined;
  for (const result of data?.data ?? []) {
    // @ts-expect-error what a delete answers is null
    result.data.id;
    if (result.data && "title" in result.data) {
      const task: Schemas["ListedTask"] = result.data;
      return task.etag;
    }
  }
  return failed;
}

export const wrongOperations: Schemas["BatchOperation"][] = [
  // @ts-expect-error a task has no such field
  { op: "create", data: { title: "", titel: "" } },
  // @ts-expect-error a task has no colour
  { op: "create", resource: "task", data: { title: "", color: "" } },
  // @ts-expect-error a task needs a title
  { op: "create", data: { description: "" } },
  // @ts-expect-error a project has a name, no title
  { op: "create", resource: "project", data: { title: "" } },
  // @ts-expect-error a tag has no description
  { op: "update", resource: "tag", id: "", data: { description: "" } },
  // @ts-expect-error there is no such status
  { op: "update", id: "", data: { status: "finished" } },
  // @ts-expect-error tags have no order
  { op: "move", resource: "tag", id: "", data: { before_id: "" } },
  // @ts-expect-error there is no such operation
  { op: "merge", resource: "tag", id: "", data: { into_id: "" } },
  // @ts-expect-error there is no such resource
  { op: "create", resource: "note", data: { title: "" } },
  // @ts-expect-error what is to be changed has an id
  { op: "update", data: { title: "" } },
  // @ts-expect-error what is to be changed is said
  { op: "update", id: "" },
  // @ts-expect-error the server makes the id of what is created
  { op: "create", id: "", data: { title: "" } },
  // @ts-expect-error a delete of a task takes nothing
  { op: "delete", id: "", data: { tasks: "delete" } },
  // @ts-expect-error the tasks of a project are kept or deleted
  { op: "delete", resource: "project", id: "", data: { tasks: "archive" } },
];
