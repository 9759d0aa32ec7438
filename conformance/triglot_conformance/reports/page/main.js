// Puts the page together and listens.

function buildServers() {
  for (const run of DATA.runs) {
    const total = Object.values(run.counts).reduce((sum, number) => sum + number, 0);
    const bar = element("div", { class: "stack", "aria-hidden": "true" });
    for (const [verdict, number] of Object.entries(run.counts)) {
      if (!number) continue;
      const part = element("i", { class: verdict });
      part.style.flexGrow = number / total;
      bar.append(part);
    }
    const counts = Object.entries(run.counts).filter(([, number]) => number);
    const capabilities = Object.entries(run.capabilities);
    byId("servers").append(
      element(
        "section",
        { class: "server", "aria-label": run.label },
        element("h2", {}, run.label, element("span", { class: "share" }, run.share)),
        bar,
        element("p", { class: "counts" }, counts.map(([verdict, number]) => element("span", {}, sign(verdict), ` ${number} ${verdict}`))),
        element("p", { class: "facts" }, run.facts.map((fact) => element("span", {}, fact))),
        run.notes.map((note) => element("p", { class: "note" }, note)),
        capabilities.length ? element("details", {}, element("summary", {}, "What it can do"), element("p", { class: "facts" }, capabilities.map(([need, word]) => element("span", {}, `${need}: ${word}`)))) : null,
      ),
    );
  }
}

function buildFilters() {
  const chip = (set, value, ...inside) =>
    element("button", { type: "button", class: "chip", "data-set": set, "data-value": value, "aria-pressed": "false", onclick: () => toggle(set, value) }, inside);
  for (const verdict of Object.keys(SIGNS)) {
    const number = DATA.cases.filter((entry) => entry.results.some((result) => result?.verdict === verdict)).length;
    if (number) byId("verdicts").append(chip("verdict", verdict, sign(verdict), verdict, element("span", { class: "number" }, String(number))));
  }
  for (const dialect of new Set(DATA.cases.map((entry) => entry.dialect))) byId("dialects").append(chip("dialect", dialect, dialect));
  const levels = new Set(DATA.cases.map((entry) => entry.level));
  for (const level of ["MUST", "SHOULD", "MAY"]) if (levels.has(level)) byId("levels").append(chip("level", level, level));
  for (const need of [...new Set(DATA.cases.flatMap((entry) => entry.needs))].sort()) byId("need").append(element("option", { value: need }, need));
  byId("compare").hidden = DATA.runs.length < 2;
  byId("base").append(...DATA.runs.map((run, index) => element("option", { value: index }, run.label)), element("option", { value: "none" }, "nothing"));
  byId("legend").append(...Object.keys(SIGNS).map((verdict) => element("span", {}, sign(verdict), ` ${verdict}`)), ...(DATA.runs.length > 1 ? Object.entries(DIFFERENCES).map(([kind, mark]) => element("span", {}, element("span", { class: `change ${kind}`, "aria-hidden": "true" }, mark), ` ${kind === "other" ? "otherwise different" : kind}`)) : []));
}

function search(words) {
  state.q = words;
  changed();
}

function toggle(set, value) {
  if (!state[set].delete(value)) state[set].add(value);
  changed();
}

function changed() {
  writeState();
  showFilters();
  refreshMatrix();
}

function showFilters() {
  if (byId("search").value !== state.q) byId("search").value = state.q;
  byId("need").value = state.need;
  byId("base").value = state.base;
  byId("differences").setAttribute("aria-pressed", String(state.diff));
  for (const chip of document.querySelectorAll("[data-set]")) chip.setAttribute("aria-pressed", String(state[chip.dataset.set].has(chip.dataset.value)));
  byId("clear").disabled = !(state.q || state.need || state.diff || state.verdict.size || state.dialect.size || state.level.size);
}

function listen() {
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("search").addEventListener("input", () => {
    search(byId("search").value);
  });
  for (const name of ["need", "base"])
    byId(name).addEventListener("change", () => {
      state[name] = byId(name).value;
      changed();
    });
  byId("differences").addEventListener("click", () => {
    state.diff = !state.diff;
    changed();
  });
  byId("clear").addEventListener("click", () => {
    Object.assign(state, { q: "", need: "", diff: false });
    for (const name of ["verdict", "dialect", "level"]) state[name].clear();
    changed();
    byId("search").focus();
  });
  byId("fold").addEventListener("click", foldAll);
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    document.querySelector("#matrix .stop[tabindex='0']")?.focus();
  });
  document.addEventListener("keydown", pressed);
  // The head of the matrix stays below the filters, and the line of an area below both; they take more room where there is less.
  const measure = new ResizeObserver(() => {
    const height = (part) => (getComputedStyle(part).position === "sticky" ? part.getBoundingClientRect().height : 0);
    document.documentElement.style.setProperty("--bar", `${height(byId("filters"))}px`);
    document.documentElement.style.setProperty("--head", `${height(document.querySelector("#matrix thead th"))}px`);
  });
  for (const part of [byId("filters"), document.querySelector("#matrix thead th")]) measure.observe(part);
  window.addEventListener("hashchange", () => {
    readState();
    showAll();
  });
}

function pressed(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const isTyping = event.target.matches("input, select");
  if (event.key === "Escape") {
    if (event.target === byId("search") && state.q) {
      search("");
    } else if (state.case) closePanel();
    else if (isTyping) document.querySelector("#matrix .stop[tabindex='0']")?.focus();
    else return;
  } else if (isTyping) return;
  else if (event.key === "/") {
    byId("search").focus();
    byId("search").select();
  } else if (event.key === "n") goToFailure(1);
  else if (event.key === "p") goToFailure(-1);
  else return;
  event.preventDefault();
}

function showAll() {
  showFilters();
  refreshMatrix();
  showPanel();
  if (state.case) rows.get(state.case).scrollIntoView({ block: "center" });
}

for (const entry of DATA.cases) {
  const said = entry.results.flatMap((result) => (result ? [result.reason, ...result.findings.flatMap((finding) => [finding.check, finding.message, finding.rule])] : []));
  entry.text = [entry.id, entry.requirement, ...entry.source, ...said].join("\n").toLowerCase();
}
buildServers();
buildFilters();
buildMatrix();
listen();
readState();
showAll();
