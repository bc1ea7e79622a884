// The page: asks every ten seconds, shows counts, lists, tables and details, and says how old they are.
// Names come from files and devices: they only ever enter the page as text.

import * as chart from "./map.js";
import { amount, cause, current, duration, moment, other, percent, reason, t, toggle, useZone } from "./words.js";
import { RATIO, STATUS, mark, ratioColour } from "./shapes.js";

const EVERY_MS = 10_000;
const GIVE_UP_MS = 8_000;
const MOST_ROWS = 300;
const $ = (id) => document.getElementById(id);
const KINDS = ["street", "school", "key_area"];
const UNASSESSED = ["EXEMPT", "REPAIR", "PLANNED", "RETIRED"];

const seen = { about: null, status: null, offline: [], places: [], kinds: null, pulse: null, found: null };
const view = { sort: ["place", 1], detail: null, receivedAt: null, failingSince: null, refusal: null };
let city = null;

function el(tag, options = {}, ...children) {
  const { text, on, ...attributes } = options;
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value);
  }
  if (on) node.addEventListener("click", on);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

async function get(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(GIVE_UP_MS) });
  if (!response.ok) throw Object.assign(new Error(`${path}: ${response.status}`), { status: response.status });
  return response.json();
}

// ---- freshness -------------------------------------------------------------------------------

function showFreshness() {
  const line = $("freshness");
  const now = performance.now();
  let [state, text] = ["waiting", t("waiting")];
  if (view.failingSince !== null) {
    const values = { n: duration((now - view.failingSince) / 1000), t: moment(seen.status?.as_of) };
    [state, text] = ["away", t("away", values)];
  } else if (seen.status && !seen.status.observed_at) {
    [state, text] = ["stale", t("no_data")];
  } else if (seen.status) {
    // ages by the server's clock plus our own running time: a wrong clock here does no harm
    const age = (Date.parse(seen.status.as_of) - Date.parse(seen.status.observed_at) + now - view.receivedAt) / 1000;
    state = age > (seen.about?.patience_s ?? 120) ? "stale" : "fresh";
    text = `${t(state, { n: duration(age) })} · ${t("as_of", { t: moment(seen.status.as_of) })}`;
  }
  line.dataset.state = state;
  line.textContent = text;
  document.body.classList.toggle("old", state === "away" || state === "stale");
}

// ---- counts ----------------------------------------------------------------------------------

function card(key, value, below, status) {
  return el("div", { class: `card ${status ?? ""}`, "data-count": key },
    el("p", { class: "name" }, status in STATUS ? mark(status) : null, el("b", { text: t(key) }), el("small", { text: other(key) })),
    el("p", { class: value.length > 8 ? "big long" : "big", text: value }),
    el("p", { class: "below", text: below }));
}

function showCounts() {
  if (!seen.status) return;
  const all = seen.status;
  const share = (n) => `${n.toLocaleString("en")} / ${all.cameras.toLocaleString("en")} ${t("cameras")}`;
  const cards = ["ONLINE", "DEGRADED", "OFFLINE", "UNKNOWN"].map((word) =>
    card(word, all[word.toLowerCase()].toLocaleString("en"), share(all[word.toLowerCase()]), word));
  const rest = UNASSESSED.map((word) => `${t(word)} ${all[word.toLowerCase()]}`).join(" · ");
  const sum = UNASSESSED.reduce((total, word) => total + all[word.toLowerCase()], 0);
  cards.push(card("others", sum.toLocaleString("en"), rest, "EXEMPT"));
  cards.push(card("undeclared", all.undeclared.toLocaleString("en"), t("declare_or_remove", { n: all.unattended }), "undeclared"));
  const looks = seen.pulse?.protected;
  if (looks) cards.push(card("looking", looks.looking.toLocaleString("en"), t("looking_of", { n: looks.cameras, m: looks.cameras - looks.compared }), "undeclared"));
  const rate = all.online_rate;
  cards.push(card("online_rate", percent(rate.value, 2), t("of_assessable", { m: rate.numerator, n: rate.denominator })));
  for (const kind of seen.kinds?.kinds ?? []) {
    cards.push(card(kind.kind, span(kind.effective, kind.upper), `${t("effective")} · ${t("designed")} ${percent(kind.designed)}`));
  }
  $("counts").replaceChildren(...cards);
}

// ---- list ------------------------------------------------------------------------------------

function listRow(camera) {
  const offline = camera.offline_s !== undefined;
  const facts = [camera.area];
  if (camera.since) facts.push(`${t("since")} ${moment(camera.since)}`);
  if (offline) facts.push(duration((Date.parse(seen.status?.as_of) - Date.parse(camera.since)) / 1000));
  const row = el("button", { type: "button", on: () => openCamera(camera.camera_code, true), "data-code": camera.camera_code },
    el("span", { class: "title" }, mark(camera.status ?? "OFFLINE"), el("b", { text: camera.name }),
      offline && camera.one_trip > 1 ? el("span", { class: "pill", text: t("one_trip", { n: camera.one_trip }) }) : null,
      camera.safety ? el("span", { class: "pill", text: t("safety") }) : null,
      camera.declared === false ? el("span", { class: "pill bad", text: t(`register_${camera.register_state}`) }) : null),
    el("span", { class: "facts", text: facts.filter(Boolean).join(" · ") }),
    el("span", { class: "why", text: reason(camera.reason, camera.meaning) }),
    offline && camera.advice && current() === "en" ? el("span", { class: "advice", text: camera.advice }) : null);
  if (view.detail === `camera=${camera.camera_code}`) row.setAttribute("aria-current", "true");
  return el("li", {}, row);
}

function showList() {
  const searching = seen.found !== null;
  const rows = searching ? seen.found : seen.offline;
  const focused = document.activeElement?.dataset?.code;
  $("list").replaceChildren(...rows.map(listRow));
  if (focused) [...$("list").querySelectorAll("button")].find((each) => each.dataset.code === focused)?.focus();
  $("offline").firstElementChild.textContent = t(searching ? "found" : "offline_list");
  $("offline-count").textContent = searching ? rows.length : seen.status?.offline ?? "";
  let note = t("oldest_first");
  if (searching && !rows.length) note = t("none_found");
  else if (searching) note = "";
  else if (seen.status && !rows.length) note = t(seen.status.unknown ? "none_known" : "none_offline", { n: seen.status.unknown });
  else if (seen.status?.offline > rows.length) note += ` ${t("more", { n: seen.status.offline - rows.length })}`;
  $("offline-note").textContent = note;
}

let typing;
function search() {
  clearTimeout(typing);
  typing = setTimeout(async () => {
    const text = $("search").value.trim();
    try {
      seen.found = text ? (await get(`/api/v1/cameras?limit=50&q=${encodeURIComponent(text)}`)).cameras : null;
    } catch { seen.found = null; }
    showList();
  }, 250);
}

// ---- tables ----------------------------------------------------------------------------------

function table(node, columns, rows, sort, resort) {
  const heads = columns.map(([key, , number]) => {
    const direction = sort && sort[0] === key ? (sort[1] > 0 ? "ascending" : "descending") : null;
    const label = resort ? el("button", { type: "button", text: t(key), on: () => resort(key), "data-sort": key }) : t(key);
    return el("th", { scope: "col", class: number ? "number" : null, "aria-sort": direction }, label);
  });
  const body = rows.map((row) => el("tr", {}, ...columns.map(([, cell, number]) => {
    const value = cell(row);
    return el("td", { class: number ? "number" : null }, value instanceof Node ? value : document.createTextNode(value));
  })));
  const focused = node.contains(document.activeElement) ? document.activeElement.dataset : null;
  node.replaceChildren(el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...body));
  if (focused?.sort) node.querySelector(`[data-sort="${focused.sort}"]`)?.focus();
  if (focused?.place) node.querySelector(`[data-place="${focused.place}"]`)?.focus();
}

// Between what is known and what may be: without sight a figure is a range, never zero.
const span = (low, high) => (low === null || high === null || percent(low) === percent(high)
  ? percent(low) : `${(low * 100).toFixed(1)}–${percent(high)}`);
const bar = (low, high = low) => {
  const [known, maybe] = [el("i"), el("i")];
  known.style.width = `${(low ?? 0) * 100}%`;
  known.style.background = ratioColour(low, high);
  maybe.style.width = `${((high ?? 0) - (low ?? 0)) * 100}%`;
  maybe.className = "maybe";
  return el("span", { class: "ratio" }, el("span", { class: "track" }, known, maybe), el("span", { text: span(low, high) }));
};
const size = (row) => (row.area_m2 === null ? amount(row.length_m, "m") : amount(row.area_m2, "m²"));
const excess = (row) => (row.area_m2 === null ? amount(row.excess_m, "m") : amount(row.excess_m2, "m²"));
const FIGURES = [
  ["size", size, true], ["designed", (row) => bar(row.designed), true], ["effective", (row) => bar(row.effective, row.upper), true],
  ["upper", (row) => percent(row.upper), true], ["redundant", (row) => percent(row.redundant), true],
  ["lost", (row) => amount(row.lost_m, "m"), true], ["by_undeclared", (row) => percent(row.undeclared), true],
  ["excess", excess, true],
];

function showKinds() {
  const columns = [["kind", (row) => t(row.kind)], ["places", (row) => row.places, true], ...FIGURES,
    ["with_requirement", (row) => row.required_places, true],
    ["excluded", (row) => (row.excluded_m ? amount(row.excluded_m, "m") : "—"), true],
    ["unrequired", (row) => [row.length_m === null ? null : amount(row.unrequired_m, "m"), row.area_m2 === null ? null : amount(row.unrequired_m2, "m²")].filter(Boolean).join(" · ") || "—", true]];
  table($("kinds"), columns, seen.kinds?.kinds ?? []);
  showMethod();
}

function showMethod() {
  const model = seen.kinds?.model;
  const knownAt = seen.pulse?.coverage_known_at ?? model?.as_of;
  const kinds = seen.kinds?.kinds ?? [];
  const count = (name) => kinds.reduce((sum, row) => sum + row[name], 0);
  const bare = count("places") - count("protected_known");
  $("method").textContent = model
    ? (bare ? `${t("protected_bare", { n: bare, m: count("places") })} ` : "") + t("method", { m: model.model.name ?? "default", l: t(model.model.line_of_sight ? "yes" : "no"), t: moment(knownAt) })
    : "";
}

const SORTED = { excess: (row) => row.excess_m ?? row.excess_m2, size: (row) => row.length_m ?? row.area_m2, lost: (row) => row.lost_m, area: (row) => row.area };

function showPlaces() {
  const [key, way] = view.sort;
  const kind = $("kind").value;
  const part = $("place-search").value.trim().toLowerCase();
  const value = SORTED[key] ?? ((row) => row[key]);
  const compare = (a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === y) return (b.length_m ?? 0) - (a.length_m ?? 0);
    if (x === null || x === undefined) return 1;
    if (y === null || y === undefined) return -1;
    return (typeof x === "string" ? x.localeCompare(y, current()) : x - y) * way;
  };
  const rows = seen.places
    .filter((row) => (!kind || row.kind === kind) && (!part || row.place.toLowerCase().includes(part)))
    .sort(compare);
  const name = (row) => el("button", { type: "button", class: "link", text: row.place || "—", on: () => openPlace(row.place_id, true), "data-place": row.place_id });
  const columns = [["place", name], ["kind", (row) => t(`one_${row.kind}`)], ["area", (row) => row.area ?? "—"], ["required", (row) => percent(row.required), true], ...FIGURES];
  table($("places"), columns, rows.slice(0, MOST_ROWS), view.sort, (chosen) => {
    view.sort = [chosen, view.sort[0] === chosen ? -view.sort[1] : 1];
    showPlaces();
  });
  $("places-note").textContent = t("shown", { n: Math.min(rows.length, MOST_ROWS), m: seen.places.length });
}

function showAreas() {
  const words = Object.keys(STATUS);
  const columns = [["area", (row) => row.area], ["level", (row) => row.level],
    ["cameras", (row) => row.cameras, true],
    ...words.map((word) => [word, (row) => row[word.toLowerCase()], true]),
    ["online_rate", (row) => `${percent(row.online_rate.value, 2)} (${row.online_rate.numerator} / ${row.online_rate.denominator})`, true]];
  table($("areas"), columns, seen.status?.by_area ?? []);
}

// ---- details ---------------------------------------------------------------------------------

function lines(pairs) {
  const list = el("dl");
  for (const [key, value] of pairs) {
    if (value === null || value === undefined || value === "") continue;
    list.append(el("dt", { text: t(key) }), el("dd", { text: value }));
  }
  return list;
}

function section(key, rows) {
  if (!rows.length) return null;
  return el("section", {}, el("h4", { text: t(key) }), el("ul", {}, ...rows.map((row) => (row instanceof Node ? row : el("li", { text: row })))));
}

function panel(title, ...children) {
  const close = el("button", { type: "button", class: "close", text: "×", "aria-label": t("close"), on: closeDetail });
  const box = $("detail");
  const keep = box.hidden ? 0 : box.scrollTop;
  box.replaceChildren(el("div", { class: "head" }, el("h3", { text: title }), close), ...children.filter(Boolean));
  box.hidden = false;
  box.scrollTop = keep;
}

function lookNote(look) {
  if (look.ended_at) return el("p", { class: "note", text: t("look_ended", { p: percent(look.share, 0), t: moment(look.ended_at), h: t(`end_${look.ended_by}`) }) });
  const degrees = (value) => `${Math.round(value)}°`;
  const ways = [
    look.free_bearing_deg === null ? null : t("turn_to", { n: degrees(look.free_bearing_deg) }),
    look.free_angle_deg === null ? null : t("narrow_to", { n: degrees(look.free_angle_deg) }),
    look.free_range_m === null ? null : t("shorten_to", { n: amount(look.free_range_m, "m") }),
    look.hide.length ? t("mask_them", { n: look.hide.map(([a, b]) => `${degrees(a)}–${degrees(b)}`).join(", ") }) : null,
    t("remove_it"),
  ].filter(Boolean).join("; ");
  return el("section", { class: "look" },
    el("p", { class: "note undeclared", text: t("looks", { p: percent(look.share, 0), t: moment(look.since) }) }),
    lines([["ends_it", ways], ["owner", look.owner ?? t("nobody_declared")],
      ["answer", look.answer && `${look.answer} (${t(look.state === "answered" ? "holds_until" : "expired", { t: moment(look.answer_until) })})`],
      ["masked_on", look.masked_on]]));
}

function cameraPanel(camera) {
  const offset = camera.clock_offset_s;
  const darkness = camera.dark_since && `${moment(camera.dark_since)} (${cause(camera.dark_cause)})`;
  panel(camera.name,
    el("p", { class: "state" }, mark(camera.status), el("b", { text: t(camera.status) }), el("small", { text: other(camera.status) }),
      camera.simulated ? el("span", { class: "pill", text: t("simulated") }) : null,
      camera.verdict_by === "platform" ? el("span", { class: "pill", text: t("by_platform") }) : null),
    camera.declared ? null : el("p", { class: "note undeclared", text: t(camera.attended ? "declare_by" : "let_go", { t: moment(camera.declare_by) }) }),
    lines([
      ["register", t(`register_${camera.register_state}`)], ["lacks", camera.register_missing.join(", ")],
      ["why", reason(camera.reason, camera.meaning)], ["advice", current() === "en" ? camera.advice : null],
      ["since", camera.since && `${moment(camera.since)}`], ["dark_for", darkness],
      ["last_answer", camera.last_seen && moment(camera.last_seen)],
      ["took", camera.took_ms === null ? null : `${Math.round(camera.took_ms)} ms`],
      ["clock", offset === null ? null : `${offset > 0 ? "+" : ""}${offset.toFixed(1)} s`],
      ["code", camera.camera_code], ["area", camera.area],
      ["address", camera.host && `${camera.host}:${camera.port}`], ["location", camera.address],
      ["device", [camera.vendor, camera.model].filter(Boolean).join(" ")],
      ["carries", camera.exclusive_m ? amount(camera.exclusive_m, "m") : null],
    ]),
    camera.lon === null ? el("p", { class: "note", text: t("position") }) : null,
    ...camera.protected.map(lookNote),
    camera.compared || camera.protected.length ? null : el("p", { class: "note", text: t("not_compared") }),
    camera.witnesses.length ? lines([
      ["judged_by", t(`by_${camera.judged_by}`)],
      ["ours", [t(camera.direct), camera.direct_since && `${t("since")} ${moment(camera.direct_since)}`, camera.direct_asked && t("asked_at", { t: moment(camera.direct_asked) })].filter(Boolean).join(" · ")],
    ]) : null,
    section("witnesses", camera.witnesses.map((each) => [`${each.platform}: ${t(`said_${each.said}`)}`, each.raw && `(${each.raw})`, each.why, `${t("since")} ${moment(each.since)}`,
      each.evidence_at && t("heard", { t: moment(each.evidence_at) }), each.fresh ? null : t("not_fresh")].filter(Boolean).join(" · "))),
    section("retention", camera.retention.map((each) => `${each.platform}: ${t("kept_days", { n: each.kept_days, m: each.declared_days })} · ${t(`kept_${each.finding.replace(" ", "_")}`)} · ${t("asked_at", { t: moment(each.asked_at) })}`)),
    section("faults", camera.faults.map((each) => `${each.kind}: ${moment(each.opened_at)} – ${each.closed_at ? moment(each.closed_at) : t("open_now")} ${each.detail}`)),
    section("windows", camera.windows.map((each) => `${each.kind} ${each.reason_code}: ${moment(each.starts_at)} – ${moment(each.ends_at)}`)),
    section("changes", camera.transitions.slice(0, 8).map((each) => `${moment(each.at)}  ${t(each.from_health)} → ${t(each.to_health)}: ${reason(each.reason, each.meaning)}`)),
    section("failed", camera.failed.map((each) => `${moment(each.at)}  ${reason(each.reason, each.meaning)} ${each.detail}`)),
    section("defects", camera.defects.map((each) => `${each.defect} ${each.detail}`)));
}

function placePanel(place) {
  const gap = (each) => el("li", {},
    el("button", { type: "button", class: `link gap-${each.kind}`, on: () => city?.fit({ coordinates: [each.from, each.to] }, beside()),
      text: `${Math.round(each.from_m)} – ${Math.round(each.to_m)} m (${amount(each.length_m, "m")}): ${t(each.kind)}` }));
  const figures = el("dl", { class: "figures" });
  for (const key of ["designed", "effective", "upper", "redundant", "reachable", "approach"]) {
    if (key === "approach" && place.kind !== "school") continue;
    figures.append(el("dt", { text: t(key) }), el("dd", {}, bar(place[key], key === "effective" ? place.upper : place[key])));
  }
  panel(place.place || "—",
    el("p", { class: "state", text: `${t(`one_${place.kind}`)} · ${size(place)}${place.area ? ` · ${place.area}` : ""}` }),
    figures,
    lines([["lost", place.lost_m === null ? null : amount(place.lost_m, "m")], ["by_undeclared", place.undeclared === null ? null : percent(place.undeclared)], ["excess", place.as_of && excess(place)], ["excluded", place.excluded_m ? amount(place.excluded_m, "m") : null], ["computed", moment(place.as_of)]]),
    place.defect ? el("p", { class: "note", text: `${t("no_figures")} ${place.defect}` }) : null,
    place.assumed ? el("p", { class: "note", text: t("assumed") }) : null,
    lines([["required", place.required === null ? null : percent(place.required)], ["purpose", place.purpose], ["ground", place.ground], ["review_due", place.review_due], ["protected_layer", place.protected_layer ?? t("not_loaded")]]),
    section("gaps", place.gaps.map(gap)) ?? el("p", { class: "note", text: t(place.required === null ? "no_requirement" : "no_gaps") }));
}

// The part of the map that the panel hides, in pixels; nothing on narrow pages, where it hides all.
function beside() {
  const hidden = $("detail").hidden ? 0 : $("detail").offsetWidth + 12;
  return hidden * 2 < $("ground").clientWidth ? hidden : 0;
}

async function show(detail) {
  const [kind, id] = [detail.slice(0, detail.indexOf("=")), detail.slice(detail.indexOf("=") + 1)];
  try {
    const found = await get(kind === "camera" ? `/api/v1/cameras/${encodeURIComponent(id)}` : `/api/v1/places/${encodeURIComponent(id)}`);
    if (view.detail !== detail) return null;
    (kind === "camera" ? cameraPanel : placePanel)(found);
    return found;
  } catch (problem) {
    if (problem.status === 404 && view.detail === detail) panel(t("gone"));
    return null;
  }
}

async function open(detail, travel) {
  view.detail = detail;
  history.replaceState(null, "", `#${detail}`);
  const found = await show(detail);
  if (!found) return;
  city?.select(found.place_id ?? null);
  if (travel && found.geometry) city?.fit(found.geometry, beside());
  else if (travel && found.lon !== null) city?.fly(found.lon, found.lat, beside());
  if (travel) $("detail").focus({ preventScroll: Boolean(city) });
  showList();
}

const openCamera = (code, travel) => open(`camera=${code}`, travel);
const openPlace = (id, travel) => open(`place=${id}`, travel);

function closeDetail() {
  if (view.detail === null) return;
  const code = view.detail.startsWith("camera=") ? view.detail.slice(7) : null;
  view.detail = null;
  history.replaceState(null, "", location.pathname);
  $("detail").hidden = true;
  city?.select(null);
  showList();
  [...$("list").querySelectorAll("button")].find((each) => each.dataset.code === code)?.focus();
}

// ---- legend ----------------------------------------------------------------------------------

const off = new Set();

function showLegend() {
  const sample = (key) => el("i", { class: `sample ${key}` });
  const layers = Object.keys(chart.LAYERS).map((key) => {
    const box = el("input", { type: "checkbox", id: `layer-${key}` });
    box.checked = !off.has(key);
    box.addEventListener("change", () => {
      off[box.checked ? "delete" : "add"](key);
      city.toggle(key, box.checked);
    });
    return el("label", {}, box, sample(key), t(key));
  });
  const choice = el("select", { "aria-label": t("colour_by") },
    ...["effective", "designed", "upper", "excess"].map((key) => el("option", { value: key, text: t(key) })));
  choice.value = view.colour ?? "effective";
  choice.addEventListener("change", () => { view.colour = choice.value; city.colourBy(choice.value); });
  const ratios = RATIO.map(({ key, colour }) => {
    const line = el("i", { class: "sample" });
    line.style.background = colour;
    return el("span", {}, line, t(key));
  });
  const words = Object.keys(STATUS).map((word) => el("span", {}, mark(word), t(word)));
  words.push(el("span", {}, el("i", { class: "ring" }), t("simulated")));
  const body = el("div", { class: "legend-body" }, el("div", {}, ...layers), el("div", {}, el("span", { class: "pick" }, t("colour_by"), choice), ...ratios), el("div", {}, ...words));
  $("legend").replaceChildren(body);
  $("legend").hidden = false;
}

// ---- the loop --------------------------------------------------------------------------------

async function shapesOf(pulse) {
  if (!city || view.inventory === pulse.inventory) return;
  const names = ["streets", "schools", "key_areas", "cameras"];
  const collections = await Promise.all(names.map((name) => get(`/geo/${name}.geojson`)));
  await city.ready;
  city.geometry(Object.fromEntries(names.map((name, index) => [name, collections[index]])), view.inventory === undefined);
  view.inventory = pulse.inventory;
}

// The full lists cost a large city seconds, so they are asked for in proportion to what they cost;
// in between the ratios of the table come from the pulse.
async function coverageOf(pulse) {
  const version = `${pulse.inventory} ${pulse.coverage_as_of}`;
  if (view.coverage === version) return;
  const began = performance.now();
  if (view.inventory === pulse.inventory && began - view.coverageAt < 30 * view.coverageCost) {
    for (const row of seen.places) {
      [row.designed, row.effective, row.upper] = pulse.places[row.place_id] ?? [null, null, null];
    }
    seen.kinds = await get("/api/v1/coverage-kinds");
    showKinds();
    showPlaces();
    return;
  }
  [seen.kinds, seen.places] = await Promise.all([get("/api/v1/coverage-kinds"), get("/api/v1/places")]);
  if (city) {
    const gaps = await get("/geo/gaps.geojson");
    await city.ready;
    city.gaps(gaps);
  }
  view.coverage = version;
  view.coverageAt = performance.now();
  view.coverageCost = view.coverageAt - began;
  showKinds();
  showPlaces();
}

async function ask() {
  if (!seen.about) {
    seen.about = await get("/api/v1/about");
    useZone(seen.about.timezone);
    $("city").textContent = seen.about.city;
    $("attribution").textContent = seen.about.attribution;
    $("version").textContent = `· ${seen.about.version}`;
  }
  [seen.status, seen.offline, seen.pulse] = await Promise.all([get("/api/v1/status"), get("/api/v1/offline"), get("/api/v1/pulse")]);
  view.receivedAt = performance.now();
  await coverageOf(seen.pulse);
  showMethod();
  showCounts();
  showList();
  showAreas();
  await shapesOf(seen.pulse);
  if (city) city.numbers(seen.pulse);
  if (view.detail !== null) await show(view.detail);
}

async function round() {
  try {
    await ask();
    view.failingSince = null;
    document.body.dataset.rounds = Number(document.body.dataset.rounds ?? 0) + 1;
  } catch (problem) {
    view.failingSince ??= performance.now();
    view.refusal = String(problem);
  }
  showFreshness();
  setTimeout(round, EVERY_MS);
}

// ---- start -----------------------------------------------------------------------------------

const dark = matchMedia("(prefers-color-scheme: dark)");
const theme = () => document.documentElement.dataset.theme;

function wear(name) {
  document.documentElement.dataset.theme = name;
  city?.ready.then(() => city.theme(name));
}

function translate() {
  document.documentElement.lang = current();
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-placeholder]")) {
    node.placeholder = t(node.dataset.placeholder);
    node.setAttribute("aria-label", node.placeholder);
  }
  $("language").textContent = current() === "en" ? "中文" : "English";
  $("no-map").textContent = t("no_map");
  const kind = $("kind").value;
  $("kind").replaceChildren(...["", ...KINDS].map((key) => el("option", { value: key, text: t(key || "all_kinds") })));
  $("kind").value = kind;
  $("kind").setAttribute("aria-label", t("kind"));
  showFreshness();
  showCounts();
  showList();
  showKinds();
  showPlaces();
  showAreas();
  if (city) showLegend();
  if (view.detail !== null) show(view.detail);
}

function start() {
  document.documentElement.dataset.theme = localStorage.getItem("theme") ?? (dark.matches ? "dark" : "light");
  if (chart.possible()) {
    city = chart.draw($("map"), theme(), { camera: (code) => openCamera(code, false), place: (id) => openPlace(id, false), nothing: closeDetail });
  }
  $("map").hidden = !city;
  $("no-map").hidden = Boolean(city);
  translate();
  $("language").addEventListener("click", () => { toggle(); translate(); });
  $("theme").addEventListener("click", () => {
    wear(theme() === "dark" ? "light" : "dark");
    localStorage.setItem("theme", theme());
  });
  dark.addEventListener("change", () => { if (!localStorage.getItem("theme")) wear(dark.matches ? "dark" : "light"); });
  $("search").addEventListener("input", search);
  $("kind").addEventListener("change", showPlaces);
  $("place-search").addEventListener("input", showPlaces);
  addEventListener("keydown", (event) => { if (event.key === "Escape") closeDetail(); });
  setInterval(showFreshness, 1000);
  const wanted = decodeURIComponent(location.hash.slice(1));
  round().then(() => { if (/^(camera|place)=./.test(wanted)) open(wanted, true); });
}

start();
