// What is shown, kept in the address behind the #, so that a view can be linked and comes back.

const state = { q: "", verdict: new Set(), dialect: new Set(), level: new Set(), need: "", base: "0", diff: false, case: "", run: 0, raw: false };

function readState() {
  const address = new URLSearchParams(location.hash.slice(1));
  const list = (name) => new Set((address.get(name) ?? "").split(",").filter(Boolean));
  const index = (name) => (DATA.runs[address.get(name)] ? address.get(name) : "0");
  state.q = address.get("q") ?? "";
  state.verdict = list("verdict");
  state.dialect = list("dialect");
  state.level = list("level");
  state.need = address.get("need") ?? "";
  state.base = address.get("base") === "none" ? "none" : index("base");
  state.diff = address.has("diff");
  state.case = CASES.has(address.get("case")) ? address.get("case") : "";
  state.run = Number(index("run"));
  state.raw = address.has("raw");
}

function writeState() {
  const address = new URLSearchParams();
  if (state.q) address.set("q", state.q);
  for (const name of ["verdict", "dialect", "level"]) if (state[name].size) address.set(name, [...state[name]].join(","));
  if (state.need) address.set("need", state.need);
  if (state.base !== "0") address.set("base", state.base);
  if (state.diff) address.set("diff", "1");
  if (state.case) address.set("case", state.case);
  if (state.case && state.run) address.set("run", state.run);
  if (state.raw) address.set("raw", "1");
  const text = address.toString().replaceAll("%2F", "/").replaceAll("%2C", ",");
  history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
}

/** How a result stands against that of the server it is compared with: better, worse, other, or nothing. */
function difference(entry, run) {
  if (state.base === "none" || run === Number(state.base)) return null;
  const [mine, theirs] = [entry.results[run], entry.results[state.base]];
  if (!mine || !theirs || mine.verdict === theirs.verdict) return null;
  if (mine.verdict === "pass" && BAD.has(theirs.verdict)) return "better";
  if (BAD.has(mine.verdict) || (theirs.verdict === "pass" && mine.verdict === "unsupported")) return "worse";
  return "other";
}

/** Whether a case is shown. */
function fits(entry) {
  const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  return (
    (!state.verdict.size || entry.results.some((result) => result && state.verdict.has(result.verdict))) &&
    (!state.dialect.size || state.dialect.has(entry.dialect)) &&
    (!state.level.size || state.level.has(entry.level)) &&
    (!state.need || entry.needs.includes(state.need)) &&
    (!state.diff || entry.results.some((_, run) => difference(entry, run))) &&
    words.every((word) => entry.text.includes(word))
  );
}
