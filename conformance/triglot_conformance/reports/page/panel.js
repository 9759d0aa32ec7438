// The panel: all about one case on one server, with its trace.

/** Show a case; focus goes to its title, and back to its cell when the panel closes. */
function openCase(entry, run) {
  state.case = entry.id;
  state.run = run;
  writeState();
  refreshMatrix();
  showPanel();
  byId("panel-title").focus({ preventScroll: true });
  rove(cells.get(entry.id)[run]);
}

function closePanel() {
  const cell = cells.get(state.case)?.[state.run];
  state.case = "";
  writeState();
  showPanel();
  refreshMatrix();
  cell?.focus();
}

function showPanel() {
  const panel = byId("panel");
  const entry = CASES.get(state.case);
  panel.hidden = !entry;
  byId("layout").classList.toggle("open", Boolean(entry));
  if (!entry) return panel.replaceChildren();
  const result = entry.results[state.run];
  panel.replaceChildren(buildBar(entry, result), buildAbout(entry, result), result ? buildFindings(result) : "", element("section", { id: "trace", "aria-label": "Trace" }));
  panel.scrollTop = 0;
  return showTrace(entry, result);
}

function buildBar(entry, result) {
  const button = (label, text, act) => element("button", { type: "button", class: "quiet", "aria-label": label, title: label, onclick: act }, text);
  const verdict = result ? element("span", { class: `verdict ${result.verdict}` }, sign(result.verdict), result.verdict) : element("span", { class: "verdict" }, "not run");
  const switches = DATA.runs.map((run, index) => {
    const there = entry.results[index];
    const label = `${run.label}: ${there ? there.verdict : "not run"}`;
    return element("button", { type: "button", class: "chip", "aria-pressed": String(index === state.run), "aria-label": label, onclick: () => openCase(entry, index) }, there ? sign(there.verdict) : "", run.label);
  });
  const parent = entry.id.slice(0, entry.id.lastIndexOf("/") + 1);
  return element(
    "header",
    { class: "bar" },
    element("div", { class: "line" }, verdict, element("span", { class: "grow" }), button("Previous failure (p)", "↑", () => goToFailure(-1)), button("Next failure (n)", "↓", () => goToFailure(1)), button("Close (Esc)", "✕", closePanel)),
    DATA.runs.length > 1 ? element("div", { class: "line switches", role: "group", "aria-label": "Server" }, switches) : null,
    element("h2", { id: "panel-title", tabindex: "-1" }, element("span", { class: "parent" }, parent), element("wbr"), entry.id.slice(parent.length)),
  );
}

function buildAbout(entry, result) {
  const fact = (name, ...values) => (values.length ? [element("dt", {}, name), element("dd", {}, values)] : []);
  const issue = (name) => {
    const [, repository, number] = /^([\w.-]+\/[\w.-]+)#(\d+)$/.exec(name) ?? [];
    if (!repository) return element("span", { class: "item" }, name);
    return element("a", { class: "item", href: `https://github.com/${repository}/issues/${number}`, rel: "noreferrer noopener", target: "_blank" }, name);
  };
  return element(
    "section",
    { class: "about" },
    element("p", { class: "requirement" }, entry.requirement),
    result?.known ? element("p", { class: "note" }, `Known to fail: ${result.known}`) : null,
    result?.reason && !result.findings.some((finding) => finding.message === result.reason) ? element("p", { class: "note" }, result.reason) : null,
    element(
      "dl",
      {},
      fact("Level", entry.level),
      fact("Specs", ...entry.spec.map((pointer) => element("code", { class: "item" }, `specs/${pointer}`))),
      fact("Issues", ...entry.source.map(issue)),
      fact("Needs", ...entry.needs.map((need) => element("span", { class: "item" }, `${need}${DATA.runs[state.run].capabilities[need] ? ` (${DATA.runs[state.run].capabilities[need]})` : ""}`))),
      result ? fact("Took", time(result.duration_ms)) : [],
    ),
  );
}

/** What the case itself breaks, and folded away what it has from the plainest case of its dialect. */
function buildFindings(result) {
  const own = result.findings.filter((finding) => !finding.inherited);
  const inherited = result.findings.filter((finding) => finding.inherited);
  if (!result.findings.length) return "";
  const note = "The plainest case of the dialect has these too: they do not count here.";
  return element(
    "section",
    { class: "findings" },
    element("h3", {}, "Findings"),
    own.length ? element("ol", {}, own.map(buildFinding)) : null,
    inherited.length ? element("details", { title: note }, element("summary", {}, `${inherited.length} inherited`), element("p", { class: "rule" }, note), element("ol", {}, inherited.map(buildFinding))) : null,
  );
}

function buildFinding(finding) {
  const place = finding.exchange === null ? null : element("button", { type: "button", class: "link", onclick: () => scrollTo(finding) }, placeOf(finding));
  return element(
    "li",
    { class: finding.inherited ? "inherited" : "own" },
    element("div", { class: "what" }, element("span", { class: "check" }, finding.check), finding.inherited ? element("span", { class: "tag" }, "inherited") : null, place),
    element("p", {}, finding.message),
    finding.rule ? element("button", { type: "button", class: "link rule", title: "Show all cases with this", onclick: () => search(finding.rule) }, finding.rule) : null,
  );
}

const placeOf = (finding) => (finding.event === null ? `exchange ${finding.exchange + 1}` : `exchange ${finding.exchange + 1}, event ${finding.event}`);

function scrollTo(finding) {
  const target = byId(finding.event === null ? `exchange-${finding.exchange}` : `event-${finding.exchange}-${finding.event}`) ?? byId(`exchange-${finding.exchange}`);
  if (!target) return;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  target.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
  (target.querySelector("button") ?? target).focus({ preventScroll: true });
}

async function showTrace(entry, result) {
  const place = byId("trace");
  if (!result) return place.replaceChildren(element("p", { class: "nothing" }, "This case was not run here."));
  if (result.block === null) return place.replaceChildren(element("p", { class: "nothing" }, "Nothing was sent for this case."));
  place.setAttribute("aria-busy", "true");
  let exchanges;
  try {
    exchanges = (await unpack(result.block))[entry.id];
  } catch (error) {
    exchanges = null;
    place.replaceChildren(element("p", { class: "note" }, `The trace cannot be read: ${error.message}`));
  }
  // Meanwhile another case may have been opened, and its trace has a place of its own.
  if (!place.isConnected || !exchanges) return undefined;
  place.removeAttribute("aria-busy");
  place.replaceChildren(buildToggle(), ...exchanges.map((exchange, number) => buildExchange(exchange, number, result.findings.filter((finding) => finding.exchange === number))));
  const marked = place.querySelector(".event.marked");
  if (marked) marked.scrollIntoView({ block: "center" });
  return undefined;
}

function buildToggle() {
  const choice = (raw, text) => element("button", { type: "button", class: "chip", "aria-pressed": String(state.raw === raw), onclick: () => chooseRaw(raw) }, text);
  return element("div", { class: "line head" }, element("h3", {}, "Trace"), element("span", { class: "grow" }), element("span", { role: "group", "aria-label": "Form of bodies and events" }, choice(false, "Pretty"), choice(true, "Raw")));
}

function chooseRaw(raw) {
  state.raw = raw;
  writeState();
  const entry = CASES.get(state.case);
  showTrace(entry, entry.results[state.run]).then(() => document.querySelector(`#trace .head [aria-pressed="true"]`)?.focus({ preventScroll: true }));
}
