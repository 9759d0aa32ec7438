// The matrix: a row for each case, a column for each server, the rows of an area together below a line that can be folded.

const rows = new Map(); // id of a case -> its row
const cells = new Map(); // id of a case -> its cells, one for each server
const groups = []; // {body, row, button, tallies, entries}
const DIFFERENCES = { better: "▲", worse: "▼", other: "◆" };

function buildMatrix() {
  const names = DATA.runs.map((run) => element("th", { scope: "col", class: "run" }, element("span", { class: "name" }, run.label)));
  const head = element("tr", {}, element("th", { scope: "col" }, "Case"), element("th", { scope: "col", class: "requirement" }, "Requirement"), element("th", { scope: "col", class: "level" }, "Level"), names);
  byId("matrix").append(element("thead", {}, head));
  for (const [area, entries] of Map.groupBy ? Map.groupBy(DATA.cases, (entry) => entry.area) : groupByArea()) byId("matrix").append(buildGroup(area, entries));
  byId("matrix").addEventListener("click", clicked);
  byId("matrix").addEventListener("keydown", moved);
  byId("matrix").addEventListener("focusin", (event) => rove(event.target));
}

function groupByArea() {
  const found = new Map();
  for (const entry of DATA.cases) found.set(entry.area, [...(found.get(entry.area) ?? []), entry]);
  return found;
}

function buildGroup(area, entries) {
  const [dialect, ...rest] = area.split("/");
  const name = element("span", { class: "area" }, dialect, rest.length ? element("span", { class: "slash" }, " / ") : null, rest.join("/"));
  const button = element("button", { type: "button", class: "stop fold", "aria-expanded": "true", tabindex: "-1" }, element("span", { class: "arrow", "aria-hidden": "true" }, "▾"), name, element("span", { class: "number" }));
  const tallies = DATA.runs.map(() => element("td", { class: "run tally" }));
  const row = element("tr", { class: "group" }, element("th", { scope: "rowgroup" }, button), element("td", { class: "requirement" }), element("td", { class: "level" }), tallies);
  const body = element("tbody", {}, row, entries.map(buildRow));
  groups.push({ body, row, button, tallies, entries });
  return body;
}

function buildRow(entry) {
  const tail = entry.id.slice(entry.area.length + 1);
  cells.set(entry.id, entry.results.map((_, run) => element("td", { class: "run stop", tabindex: "-1", "data-run": run })));
  const row = element(
    "tr",
    { "data-case": entry.id },
    element("th", { scope: "row", title: entry.id }, tail),
    element("td", { class: "requirement", title: entry.requirement }, entry.requirement),
    element("td", { class: `level ${entry.level}` }, entry.level),
    cells.get(entry.id),
  );
  rows.set(entry.id, row);
  return row;
}

/** Fill in what depends on the choices: the marks of difference, which rows are shown, the counts. */
function refreshMatrix() {
  let shown = 0;
  for (const group of groups) {
    const fitting = group.entries.filter(fits);
    const isFolded = group.body.classList.contains("folded");
    const kept = new Set(fitting);
    for (const entry of group.entries) {
      const row = rows.get(entry.id);
      row.hidden = isFolded || !kept.has(entry);
      row.classList.toggle("current", entry.id === state.case);
      entry.results.forEach((result, run) => fillCell(cells.get(entry.id)[run], entry, result, run));
    }
    group.body.hidden = !fitting.length;
    group.button.setAttribute("aria-expanded", String(!isFolded));
    group.button.querySelector(".number").textContent = fitting.length === group.entries.length ? `${fitting.length}` : `${fitting.length} of ${group.entries.length}`;
    group.tallies.forEach((cell, run) => fillTally(cell, fitting, run));
    shown += fitting.length;
  }
  byId("shown").textContent = shown === DATA.cases.length ? `${shown} cases` : `${shown} of ${DATA.cases.length} cases`;
  byId("nothing").hidden = shown > 0;
  byId("matrix").hidden = !shown;
  if (!document.querySelector("#matrix .stop[tabindex='0']")?.offsetParent) rove(document.querySelector("#matrix tbody:not([hidden]) .stop"));
}

function fillCell(cell, entry, result, run) {
  const changed = difference(entry, run);
  const key = `${result?.verdict} ${changed} ${entry.id === state.case && run === state.run}`;
  if (cell.dataset.key === key) return;
  cell.dataset.key = key;
  cell.className = `run stop ${result ? result.verdict : "absent"} ${result?.known ? "known" : ""}`;
  cell.setAttribute("aria-selected", String(entry.id === state.case && run === state.run));
  if (!result) {
    cell.setAttribute("aria-label", `${DATA.runs[run].label}: not run`);
    cell.replaceChildren();
    return;
  }
  const word = result.known ? "known" : result.verdict === "fail" ? (result.findings.find((finding) => !finding.inherited)?.check ?? "") : "";
  const known = result.known ? ", known to fail" : "";
  const against = changed && `${changed === "other" ? "other" : changed} than ${DATA.runs[state.base].label}`;
  cell.setAttribute("aria-label", `${DATA.runs[run].label}: ${result.verdict}${word && !known ? `, ${word}` : ""}${known}${against ? `, ${against}` : ""}`);
  cell.title = result.reason || result.verdict;
  cell.replaceChildren(
    sign(result.verdict),
    element("span", { class: "word", "aria-hidden": "true" }, word),
    ...(changed ? [element("span", { class: `change ${changed}`, "aria-hidden": "true", title: against }, DIFFERENCES[changed])] : []),
  );
}

function fillTally(cell, entries, run) {
  const results = entries.map((entry) => entry.results[run]).filter(Boolean);
  const passed = results.filter((result) => result.verdict === "pass").length;
  const judged = passed + results.filter((result) => BAD.has(result.verdict)).length;
  const words = judged ? `${passed}/${judged}` : results.length ? "none" : "";
  cell.replaceChildren(...(words ? [element("span", { class: passed === judged ? "whole" : "part" }, words)] : []));
  cell.setAttribute("aria-label", words ? `${DATA.runs[run].label}: ${passed} of ${judged} hold` : `${DATA.runs[run].label}: not run`);
}

function fold(group, isFolded) {
  group.body.classList.toggle("folded", isFolded);
}

function foldAll() {
  const isFolded = groups.some((group) => !group.body.classList.contains("folded"));
  for (const group of groups) fold(group, isFolded);
  byId("fold").textContent = isFolded ? "Unfold all" : "Fold all";
  refreshMatrix();
}

function clicked(event) {
  const group = groups.find((each) => each.row.contains(event.target));
  if (group) {
    fold(group, !group.body.classList.contains("folded"));
    refreshMatrix();
    group.button.focus();
    return;
  }
  const row = event.target.closest("tr[data-case]");
  if (!row) return;
  const entry = CASES.get(row.dataset.case);
  const cell = event.target.closest("[data-run]");
  openCase(entry, cell ? Number(cell.dataset.run) : worst(entry));
}

/** The server to show first for a case: one that fails, or else one that has been run. */
function worst(entry) {
  const failing = entry.results.findIndex((result) => result && BAD.has(result.verdict));
  return failing >= 0 ? failing : Math.max(0, entry.results.findIndex(Boolean));
}

// One stop of the grid can be reached by Tab; the arrow keys move it.

let column = 0;

function rove(stop) {
  if (!stop?.classList.contains("stop")) return;
  for (const each of document.querySelectorAll("#matrix .stop[tabindex='0']")) each.tabIndex = -1;
  stop.tabIndex = 0;
  if (stop.dataset.run !== undefined) column = Number(stop.dataset.run);
}

const shownRows = () => [...document.querySelectorAll("#matrix tbody:not([hidden]) > tr:not([hidden])")];
const stopOf = (row) => row.querySelector(".fold") ?? row.querySelector(`[data-run="${column}"]`);

function moved(event) {
  const stop = event.target.closest(".stop");
  if (!stop || event.altKey || event.metaKey) return;
  const row = stop.closest("tr");
  const inReach = shownRows();
  const at = inReach.indexOf(row);
  const group = groups.find((each) => each.row === row);
  const far = event.ctrlKey;
  const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 12, PageUp: -12 }[event.key];
  if (step) go(inReach[Math.min(Math.max(at + step, 0), inReach.length - 1)]);
  else if (event.key === "Home" && far) go(inReach[0]);
  else if (event.key === "End" && far) go(inReach[inReach.length - 1]);
  else if (group && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
    fold(group, event.key === "ArrowLeft");
    refreshMatrix();
  } else if (event.key === "ArrowRight" || event.key === "ArrowLeft" || event.key === "Home" || event.key === "End") {
    const last = DATA.runs.length - 1;
    column = { Home: 0, End: last, ArrowRight: Math.min(column + 1, last), ArrowLeft: Math.max(column - 1, 0) }[event.key];
    go(row);
  } else if (!group && (event.key === "Enter" || event.key === " ")) openCase(CASES.get(row.dataset.case), Number(stop.dataset.run));
  else return;
  event.preventDefault();
}

function go(row) {
  stopOf(row)?.focus();
}

/** Every failing result that is shown, row by row: where `n` and `p` go. */
function failures() {
  return shownRows().filter((row) => row.dataset.case).flatMap((row) => [...row.querySelectorAll(".run.fail, .run.unreachable")]);
}

function goToFailure(direction) {
  const all = failures();
  if (!all.length) return;
  const current = state.case ? cells.get(state.case)[state.run] : document.querySelector("#matrix .stop[tabindex='0']");
  const order = (cell) => current?.compareDocumentPosition(cell) ?? 4;
  const next = direction > 0 ? all.find((cell) => order(cell) & Node.DOCUMENT_POSITION_FOLLOWING) : all.findLast((cell) => order(cell) & Node.DOCUMENT_POSITION_PRECEDING);
  const cell = next ?? all[direction > 0 ? 0 : all.length - 1];
  cell.focus();
  if (state.case) openCase(CASES.get(cell.closest("tr").dataset.case), Number(cell.dataset.run));
}
