// Text whose contrast to what lies behind it is below 4.5, or below 3 where it is large, by the formula of WCAG 2; and text that is too small.
() => {
  const parse = (colour) => colour.match(/[\d.]+/g).map(Number);
  const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const light = ([red, green, blue]) => 0.2126 * linear(red / 255) + 0.7152 * linear(green / 255) + 0.0722 * linear(blue / 255);
  const behind = (at) => {
    for (let each = at; each; each = each.parentElement) {
      const [red, green, blue, opacity = 1] = parse(getComputedStyle(each).backgroundColor);
      if (opacity === 1) return [red, green, blue];
      if (opacity !== 0) throw new Error("half transparent");
    }
    return [255, 255, 255];
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const at = node.parentElement;
    if (!node.data.trim() || !at.checkVisibility() || at.closest("script, .hidden, .skip, :disabled")) continue;
    const style = getComputedStyle(at);
    const size = parseFloat(style.fontSize);
    const [one, two] = [light(parse(style.color)), light(behind(at))].sort((a, b) => b - a);
    const needed = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const name = `${at.tagName}.${at.className} ${node.data.trim().slice(0, 20)}`;
    if ((one + 0.05) / (two + 0.05) < needed) found.add(`${name}: ${style.color} on ${behind(at)}`);
    if (size < 10) found.add(`${name}: ${size} px`);
  }
  return [...found];
};
