// Controls without a name, ids that stand twice, references that lead nowhere, headings that skip a level.
() => {
  const found = [];
  const start = (at) => at.outerHTML.slice(0, 100);
  const nameOf = (at) => at.getAttribute("aria-label") ?? at.closest("label")?.textContent ?? at.textContent;
  for (const at of document.querySelectorAll("button, a, input, select, summary, [tabindex]")) if (!nameOf(at).trim()) found.push(start(at));
  for (const at of document.querySelectorAll("[role='group'], [role='grid'], aside, article, form"))
    if (!at.getAttribute("aria-label") && !at.getAttribute("aria-labelledby")) found.push(start(at));
  const ids = [...document.querySelectorAll("[id]")].map((at) => at.id);
  if (new Set(ids).size !== ids.length) found.push("an id stands twice");
  for (const at of document.querySelectorAll("[aria-labelledby]"))
    if (!at.hidden && !document.getElementById(at.getAttribute("aria-labelledby"))) found.push(start(at));
  let level = 0;
  for (const at of document.querySelectorAll("h1, h2, h3, h4, h5")) {
    if (at.tagName[1] > level + 1) found.push(`${at.tagName} after H${level}: ${at.textContent}`);
    level = Number(at.tagName[1]);
  }
  if (!document.documentElement.lang) found.push("no language");
  return found;
};
