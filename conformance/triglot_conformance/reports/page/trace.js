// One exchange: the request, the head of the answer, and its events along the time, or its body.

const EVENTS_AT_ONCE = 400; // a longer stream is shown in parts

function buildExchange(exchange, number, findings) {
  const status = exchange.status === null ? "no answer" : `${exchange.status}`;
  const title = element(
    "h4",
    { id: `exchange-${number}`, tabindex: "-1" },
    element("span", { class: "part" }, `${number + 1}. step ${exchange.step}, ${exchange.part}`),
    element("span", { class: "url" }, element("b", {}, exchange.method), " ", exchange.url),
    element("span", { class: exchange.status === null || exchange.status >= 400 ? "status bad" : "status" }, status),
    element("span", { class: "took" }, time(exchange.end_ms)),
  );
  const whole = findings.filter((finding) => finding.event === null && !finding.inherited);
  return element(
    "article",
    { class: "exchange", "aria-labelledby": `exchange-${number}` },
    title,
    whole.map(buildMark),
    buildPart("Request", counted(Object.keys(exchange.request_headers).length, "header"), true, buildHeaders(Object.entries(exchange.request_headers)), exchange.request_body === null ? null : content(exchange.request_body, state.raw)),
    exchange.status === null ? null : buildPart("Answer", exchange.head_ms === null ? status : `${status} after ${time(exchange.head_ms)}`, exchange.events.length === 0, buildHeaders(exchange.headers), exchange.body === null ? null : content(exchange.body, state.raw)),
    exchange.events.length ? buildEvents(exchange, number, findings) : null,
    exchange.error ? element("p", { class: "note" }, `${SIGNS.fail} ${exchange.error}`) : null,
  );
}

const buildMark = (finding) => element("p", { class: finding.inherited ? "mark inherited" : "mark" }, `${SIGNS.fail} ${finding.check}: ${finding.message}${finding.inherited ? " (inherited)" : ""}`);

function buildPart(name, note, isOpen, ...inside) {
  return element("details", { open: isOpen }, element("summary", {}, name, element("span", { class: "note" }, note)), inside);
}

const buildHeaders = (pairs) => (pairs.length ? element("dl", { class: "headers" }, pairs.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)])) : null);

function buildEvents(exchange, number, findings) {
  const end = Math.max(exchange.end_ms, exchange.events[exchange.events.length - 1].at_ms, 0.001);
  const marks = new Map();
  for (const finding of findings) if (finding.event !== null) marks.set(finding.event, [...(marks.get(finding.event) ?? []), finding]);
  const last = Math.max(-1, ...[...marks].filter(([, all]) => isWrong(all)).map(([index]) => index));
  const list = element("ol", { class: "events" });
  const more = element("button", { type: "button", class: "quiet" });
  const show = (from) => {
    const until = Math.max(from + EVENTS_AT_ONCE, Math.min(last + 1, exchange.events.length));
    exchange.events.slice(from, until).forEach((event, index) => list.append(buildEvent(event, `${number}-${from + index}`, from + index, end, marks.get(from + index) ?? [])));
    more.hidden = until >= exchange.events.length;
    more.textContent = `Show ${Math.min(EVENTS_AT_ONCE, exchange.events.length - until)} more of ${exchange.events.length}`;
    more.onclick = () => show(until);
  };
  show(0);
  return element("section", { class: "stream" }, element("h5", {}, counted(exchange.events.length, "event"), element("span", { class: "note" }, `over ${time(end)}`)), buildStrip(exchange, end, marks), list, more);
}

/** Whether findings count here, or are all inherited. */
const isWrong = (findings) => findings?.some((finding) => !finding.inherited) ?? false;

/** All events as ticks on one line, from the request to the end. */
function buildStrip(exchange, end, marks) {
  const strip = element("div", { class: "strip", "aria-hidden": "true" });
  const ticks = new Map();
  exchange.events.forEach((event, index) => {
    const isMarked = isWrong(marks.get(index));
    ticks.set(isMarked ? `marked ${index}` : Math.round((event.at_ms / end) * 400), [event, isMarked]);
  });
  for (const [event, isMarked] of ticks.values()) {
    const tick = element("i", { class: isMarked ? "marked" : null });
    tick.style.left = `${(event.at_ms / end) * 100}%`;
    strip.append(tick);
  }
  if (exchange.head_ms !== null) {
    const head = element("i", { class: "first" });
    head.style.left = `${(exchange.head_ms / end) * 100}%`;
    strip.append(head);
  }
  return strip;
}

function readFrame(raw) {
  const fields = { event: "", data: [], comments: [] };
  for (const line of raw.split(/\r\n|\r|\n/)) {
    const [, name, value] = /^([^:]*):? ?([^]*)$/.exec(line);
    if (line.startsWith(":")) fields.comments.push(line.slice(1).trim());
    else if (name === "event") fields.event = value;
    else if (name === "data") fields.data.push(value);
  }
  return { event: fields.event, data: fields.data.join("\n"), comment: fields.comments.join(" ") };
}

/** What an event is: its name, or the type in its data, or what else tells chunks apart. */
function nameOf({ event, data, comment }) {
  if (event) return event;
  const type = /^\{"type":\s*"([\w.]+)"/.exec(data)?.[1] ?? /"object":\s*"([\w.]+)"/.exec(data)?.[1];
  return type ?? (data === "" && comment ? "comment" : data.startsWith("[") ? data.slice(0, 20) : "data");
}

/** The start of what an event holds, without the type that stands beside it as its name. */
function shortOf({ data, comment }) {
  const rest = data.replace(/^\{"type":\s*"[\w.]+",\s*/, "");
  return (rest === data ? data || comment : `… ${rest}`).slice(0, 240);
}

function buildEvent(event, id, index, end, findings) {
  const frame = readFrame(event.raw);
  const isMarked = isWrong(findings);
  const inside = element("div", { class: "inside", hidden: true });
  const open = (isOpen) => {
    button.setAttribute("aria-expanded", String(isOpen));
    inside.hidden = !isOpen;
    if (isOpen && !inside.childElementCount) inside.append(content(state.raw || !frame.data ? event.raw : frame.data, state.raw));
  };
  const button = element(
    "button",
    { type: "button", "aria-expanded": "false", onclick: () => open(inside.hidden) },
    element("span", { class: "index" }, isMarked ? `${SIGNS.fail} ${index}` : `${index}`),
    element("span", { class: "at" }, event.at_ms.toFixed(1)),
    element("span", { class: "name" }, nameOf(frame)),
    element("span", { class: "short" }, shortOf(frame) || event.raw.slice(0, 240)),
  );
  if (isMarked) open(true);
  return element("li", { id: `event-${id}`, class: isMarked ? "event marked" : findings.length ? "event inherited" : "event" }, button, findings.map(buildMark), inside);
}
