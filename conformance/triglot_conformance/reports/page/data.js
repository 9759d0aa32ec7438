// What the page is about, as the report has written it into the page.

const DATA = JSON.parse(document.getElementById("data").textContent);
const SIGNS = DATA.signs;
const CASES = new Map(DATA.cases.map((entry) => [entry.id, entry]));
const BAD = new Set(["fail", "unreachable"]);
