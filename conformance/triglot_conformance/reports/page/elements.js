// Small builders: everything that comes from a server goes into the page as text, never as markup.

/** An element with attributes and children; `on...` are listeners, null and false are left out. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

const byId = (id) => document.getElementById(id);

/** The sign of a verdict; the word beside it or its label says the same. */
const sign = (verdict) => element("span", { class: `sign ${verdict}`, "aria-hidden": "true" }, SIGNS[verdict]);

const counted = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** Milliseconds for people. */
function time(ms) {
  if (ms >= 10000) return `${(ms / 1000).toFixed(1)} s`;
  return ms >= 100 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`;
}

const KINDS = [
  [/^"/, "string"],
  [/^[-\d]/, "number"],
  [/^[tfn]/, "word"],
];

/** JSON laid out for reading, without a change to any letter of its values; null where the text is no JSON. */
function layOut(text) {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[-\d][\d.eE+-]*|true|false|null|[{}[\],:]/g) ?? [];
  const out = document.createDocumentFragment();
  let plain = "";
  let depth = 0;
  const colour = (token, kind) => {
    out.append(plain, element("span", { class: kind }, token));
    plain = "";
  };
  tokens.forEach((token, index) => {
    const next = tokens[index + 1];
    if (token === "{" || token === "[") {
      const isEmpty = next === "}" || next === "]";
      depth += isEmpty ? 0 : 1;
      plain += token + (isEmpty ? "" : `\n${"  ".repeat(depth)}`);
    } else if (token === "}" || token === "]") {
      const isEmpty = tokens[index - 1] === "{" || tokens[index - 1] === "[";
      depth -= isEmpty ? 0 : 1;
      plain += (isEmpty ? "" : `\n${"  ".repeat(depth)}`) + token;
    } else if (token === ",") plain += `,\n${"  ".repeat(depth)}`;
    else if (token === ":") plain += ": ";
    else colour(token, next === ":" ? "key" : KINDS.find(([pattern]) => pattern.test(token))[1]);
  });
  out.append(plain);
  return out;
}

/** A body or the data of an event: laid out where it is JSON and that is wanted, as it came otherwise. */
function content(text, raw) {
  return element("pre", { class: "content", tabindex: "0", role: "group", "aria-label": raw ? "as received" : "content" }, (raw ? null : layOut(text)) ?? text);
}
