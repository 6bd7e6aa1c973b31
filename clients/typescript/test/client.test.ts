import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import {
  checkContract,
  ContractMismatch,
  contractVersion,
  each,
  isProblem,
  noRetry,
  ok,
  okIfChanged,
  UnexpectedReply,
} from "../src/index.ts";
import { at, baseUrl, facility, member, queue, seen, staff, wanted } from "./meddler.ts";

beforeEach(() => queue());

const client = member();

test("a booking is made, read, changed and cancelled", async () => {
  const room = await facility();
  const made = await ok(client.POST("/api/v1/bookings/", { body: wanted(room) }));
  assert.deepEqual([made.title, made.status], ["Stand-up", "confirmed"]);

  const path = { id: made.id };
  const { data, response } = await client.GET("/api/v1/bookings/{id}/", { params: { path } });
  assert.deepEqual(data, made);
  const etag = response.headers.get("etag") ?? "";
  const unchanged = await okIfChanged(
    client.GET("/api/v1/bookings/{id}/", {
      params: { path, header: { "If-None-Match": etag } },
    }),
  );
  assert.equal(unchanged, undefined);

  const change = {
    params: { path, header: { "If-Match": etag } },
    body: { title: "Retrospective" },
  };
  assert.equal((await ok(client.PATCH("/api/v1/bookings/{id}/", change))).title, "Retrospective");
  await assert.rejects(ok(client.PATCH("/api/v1/bookings/{id}/", change)), (error) =>
    isProblem(error, "precondition_failed"),
  );
  const { response: gone } = await client.DELETE("/api/v1/bookings/{id}/", { params: { path } });
  assert.equal(gone.status, 204);
  await ok(client.DELETE("/api/v1/bookings/{id}/", { params: { path } }));
});

test("what the contract does not have is no TypeScript", () => {
  const never = () => {
    // @ts-expect-error: there is no such path
    void client.GET("/api/v1/bokings/");
    // @ts-expect-error: a booking needs a title
    void client.POST("/api/v1/bookings/", { body: { ...wanted({ id: 1 }), title: undefined } });
    // @ts-expect-error: facilities are not listed by colour
    void client.GET("/api/v1/facilities/", { params: { query: { colour: "blue" } } });
    // @ts-expect-error: a single booking is no list
    void each(client, "/api/v1/bookings/{id}/", { params: { path: { id: 1 } } });
  };
  assert.equal(typeof never, "function");
});

test("a conflict says what is free instead, with types", async () => {
  const room = await facility();
  await ok(staff().POST("/api/v1/bookings/", { body: wanted(room) }));
  const call = ok(client.POST("/api/v1/bookings/", { body: wanted(room) }));
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(isProblem(error, "booking_conflict"));
  const slots = error.problem.suggested_alternatives ?? [];
  assert.deepEqual(
    slots.map((slot) => slot.duration_minutes),
    [60, 60, 60, 60, 60],
  );
  assert.equal(error.status, 409);
});

test("a refusal points at the value", async () => {
  const room = await facility({ capacity: 2 });
  const body = { ...wanted(room), attendee_count: 3 };
  const { error } = await client.POST("/api/v1/bookings/", { body });
  assert.equal(error?.type, "too_many_attendees");
  assert.deepEqual(
    error.errors?.map(({ pointer }) => pointer),
    ["/attendee_count"],
  );
});

test("CSV goes in and out as text", async () => {
  const name = `imported-${String(process.pid)}`;
  const report = await ok(staff().POST("/api/v1/imports/users/", { body: `username\n${name}\n` }));
  assert.equal(report.created, 1);
  assert.equal((await seen())[0]?.["Content-Type"], "text/csv");
  const table = await ok(
    staff().GET("/api/v1/exports/{table}/", {
      params: { path: { table: "users" } },
      parseAs: "text",
    }),
  );
  assert.match(table, new RegExp(name));
});

test("a list is read page after page as it is needed, and a list of words goes with commas", async () => {
  const room = await facility({ amenities: ["beamer", "piano"] });
  const admin = staff();
  for (const number of [1, 2, 3]) {
    const body = {
      site_id: room.site.id,
      name: `More ${String(number)}`,
      facility_type: "room" as const,
      capacity: 2,
      amenities: ["piano", "beamer"],
    };
    await ok(admin.POST("/api/v1/facilities/", { body }));
  }
  await queue();
  const query = { site_id: room.site.id, amenities: ["beamer", "piano"], limit: 2 };
  const names: string[] = [];
  for await (const found of each(client, "/api/v1/facilities/", { params: { query } })) {
    names.push(found.name);
    assert.equal((await seen()).length, names.length <= 2 ? 1 : 2);
  }
  assert.deepEqual(names, ["More 1", "More 2", "More 3", room.name]);
});

test("a page that is refused ends the list with the problem", async () => {
  const query = { cursor: "bm90aGluZw", limit: 1 };
  const list = each(client, "/api/v1/facilities/", { params: { query } });
  await assert.rejects(list.next(), (error) => isProblem(error, "invalid_cursor"));
});

test("a page that is none of the service's is one clear sentence", async () => {
  const { site } = await facility();
  const body = { site_id: site.id, name: "More", facility_type: "room" as const, capacity: 2 };
  await ok(staff().POST("/api/v1/facilities/", { body }));
  const query = { site_id: site.id, limit: 1 };
  for (const [fault, said] of [
    ["website", / answered 200 text\/html, where/],
    ["gateway", / answered 502 text\/html, where/],
  ] as const) {
    await queue("none", fault);
    const hasty = member({ retry: noRetry });
    const list = each(hasty, "/api/v1/facilities/", { params: { query } });
    assert.equal((await list.next()).done, false);
    await assert.rejects(list.next(), (error) => {
      assert.ok(error instanceof UnexpectedReply);
      assert.match(error.message, said);
      return true;
    });
  }
});

test("no other host is shown the token", async () => {
  const { site } = await facility();
  await queue("elsewhere");
  const query = { site_id: site.id };
  const list = each(client, "/api/v1/facilities/", { params: { query } });
  assert.equal((await list.next()).done, false);
  await assert.rejects(list.next(), (error) => {
    assert.ok(error instanceof UnexpectedReply);
    assert.match(error.message, /with its next page elsewhere, at http:\/\/localhost:/);
    return true;
  });
  assert.equal((await seen()).length, 1);
});

test("a reply that is lost books once", async () => {
  const room = await facility();
  await queue("lose", "cut", "busy", "away", "gateway");
  const patient = member({ retry: { attempts: 6, firstWait: 1 } });
  const made = await ok(patient.POST("/api/v1/bookings/", { body: wanted(room) }));
  const keys = (await seen()).map((request) => request["Idempotency-Key"]);
  assert.equal(keys.length, 6);
  assert.equal(new Set(keys).size, 1);
  const mine: number[] = [];
  for await (const booking of each(client, "/api/v1/me/bookings/", {})) {
    if (booking.facility.id === room.id) {
      mine.push(booking.id);
    }
  }
  assert.deepEqual(mine, [made.id]);
});

test("two bookings have two keys, and a given key stays", async () => {
  const room = await facility();
  await queue();
  for (const hours of [9, 11]) {
    await ok(client.POST("/api/v1/bookings/", { body: wanted(room, hours) }));
  }
  const header = { "Idempotency-Key": `mine-${String(room.id)}` };
  const init = { params: { header }, body: wanted(room, 13) };
  const first = await ok(client.POST("/api/v1/bookings/", init));
  const { data, response } = await client.POST("/api/v1/bookings/", init);
  assert.equal(data?.id, first.id);
  assert.equal(response.headers.get("idempotency-replayed"), "true");
  const [one, other, ...given] = (await seen()).map((request) => request["Idempotency-Key"]);
  assert.notEqual(one, other);
  assert.deepEqual(given, [header["Idempotency-Key"], header["Idempotency-Key"]]);
});

test("a read is repeated, and a change that may have been made is not", async () => {
  const made = await ok(client.POST("/api/v1/bookings/", { body: wanted(await facility()) }));
  const params = { path: { id: made.id } };
  await queue("cut", "lose", "away");
  assert.deepEqual(await ok(client.GET("/api/v1/bookings/{id}/", { params })), made);
  assert.equal((await seen()).length, 4);
  await queue("lose");
  const change = { params, body: { title: "Twice?" } };
  await assert.rejects(client.PATCH("/api/v1/bookings/{id}/", change), TypeError);
  assert.equal((await seen()).length, 1);
  await queue("away");
  await assert.rejects(ok(client.PATCH("/api/v1/bookings/{id}/", change)), (error) =>
    isProblem(error, "service_unavailable"),
  );
  assert.equal((await seen()).length, 1);
});

test("a deletion that was made is never reported as not found", async () => {
  const { id } = await facility();
  const body = {
    facility_id: id,
    start_time: at(0),
    end_time: at(24),
    reason: "Carpet",
    cancel_bookings: false,
  };
  const admin = staff();
  const made = await ok(admin.POST("/api/v1/closures/", { body }));
  const params = { path: { id: made.id } };
  await queue("lose");
  await assert.rejects(admin.DELETE("/api/v1/closures/{id}/", { params }), TypeError);
  assert.equal((await seen()).length, 1);
  await assert.rejects(ok(admin.GET("/api/v1/closures/{id}/", { params })), (error) =>
    isProblem(error, "not_found"),
  );
});

test("what never left is repeated, whatever it is", async () => {
  let tries = 0;
  const nowhere = member({
    baseUrl: "http://127.0.0.1:2",
    fetch: (request) => {
      tries += 1;
      return fetch(request);
    },
  });
  await assert.rejects(
    nowhere.PATCH("/api/v1/bookings/{id}/", { params: { path: { id: 1 } }, body: { title: "x" } }),
  );
  assert.equal(tries, 4);
});

test("nobody waits longer than they said they would", async () => {
  await queue("away for long");
  await assert.rejects(
    ok(client.GET("/api/v1/me/")),
    (error) => isProblem(error, "service_unavailable") && error.retryAfter === 3600,
  );
  assert.equal((await seen()).length, 1);
  await queue(...Array<string>(9).fill("away"));
  await assert.rejects(ok(member({ retry: noRetry }).GET("/api/v1/me/")));
  assert.equal((await seen()).length, 1);
});

test("who gives up is not kept waiting", async () => {
  await queue(...Array<string>(9).fill("away"));
  const giveUp = new AbortController();
  const slow = member({ retry: { firstWait: 600_000, longestWait: 600_000 } });
  const call = slow.GET("/api/v1/me/", { signal: giveUp.signal });
  while ((await seen()).length === 0);
  giveUp.abort();
  await assert.rejects(call, { name: "AbortError" });
});

test("what came to be after the client is passed on", async () => {
  const made = await ok(client.POST("/api/v1/bookings/", { body: wanted(await facility()) }));
  await queue("new values");
  const found: Record<string, unknown> = await ok(
    client.GET("/api/v1/bookings/{id}/", { params: { path: { id: made.id } } }),
  );
  assert.deepEqual([found["status"], found["colour"]], ["levitating", "blue"]);
  await queue("new problem");
  await assert.rejects(ok(client.GET("/api/v1/me/")), (error) => {
    assert.ok(isProblem(error));
    const type: string = error.type;
    assert.equal(type, "moon_in_the_wrong_phase");
    return true;
  });
});

test("a reply that is none of the contract's is one clear sentence", async () => {
  const hasty = member({ retry: noRetry });
  for (const [fault, said] of [
    ["website", "200 text/html"],
    ["gateway", "502 text/html"],
  ] as const) {
    await queue(fault);
    await assert.rejects(ok(hasty.GET("/api/v1/me/")), (error) => {
      assert.ok(error instanceof UnexpectedReply);
      assert.ok(error.message.startsWith(`${baseUrl}/api/v1/me/ answered ${said}, where`));
      assert.ok(error.message.includes(`the contract ${contractVersion}`));
      return true;
    });
  }
});

test("a client that was built from another contract says so in one sentence", async () => {
  assert.equal(await checkContract(client), contractVersion);
  await queue("next minor");
  assert.equal(await checkContract(client), "1.999.0");
  await queue("next major");
  await assert.rejects(checkContract(client), (error) => {
    assert.ok(error instanceof ContractMismatch);
    assert.equal(
      error.message,
      `This client was built from the contract ${contractVersion}, and the service at ${baseUrl}/ ` +
        "speaks 2.3.0: use a holdfast-client that was built from 2.3.",
    );
    return true;
  });
  await queue("last major");
  await assert.rejects(checkContract(client), /speaks 0\.9\.0, which is older: use/);
  await queue("website");
  await assert.rejects(checkContract(client), UnexpectedReply);
});
