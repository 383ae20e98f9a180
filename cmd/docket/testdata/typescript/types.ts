// What the types must hold: compiled, never run. Each line after an expectation
// has to be wrong, or the compiler says so.
import type { components } from "./docket";
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
