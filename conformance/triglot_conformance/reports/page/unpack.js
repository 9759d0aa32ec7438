// Traces lie in the page as blocks of raw deflate in base64, one for each server and area, and are unpacked when first asked for.

const unpacked = new Map();

/** The exchanges of all cases of a block, by the id of the case. */
function unpack(block) {
  if (!unpacked.has(block)) {
    const source = document.querySelector(`script[data-block="${block}"]`).textContent;
    const bytes = Uint8Array.from(atob(source), (letter) => letter.charCodeAt(0));
    unpacked.set(block, decompress(bytes).then((content) => JSON.parse(new TextDecoder().decode(content))));
  }
  return unpacked.get(block);
}

async function decompress(bytes) {
  if (typeof DecompressionStream === "undefined") return inflate(bytes);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** RFC 1951, for browsers that have no DecompressionStream. */
function inflate(bytes) {
  let position = 0;
  let held = 0;
  let heldBits = 0;
  let size = 0;
  let out = new Uint8Array(bytes.length * 8 + 1024);

  const take = (count) => {
    while (heldBits < count) {
      if (position >= bytes.length) throw new Error("the trace is cut off");
      held |= bytes[position++] << heldBits;
      heldBits += 8;
    }
    const value = held & ((1 << count) - 1);
    held >>>= count;
    heldBits -= count;
    return value;
  };
  const put = (byte) => {
    if (size === out.length) {
      const larger = new Uint8Array(out.length * 2);
      larger.set(out);
      out = larger;
    }
    out[size++] = byte;
  };
  // A canonical Huffman code: how many codes have each length, and the symbols in the order of their codes.
  const code = (lengths) => {
    const counts = new Array(16).fill(0);
    for (const length of lengths) counts[length]++;
    counts[0] = 0;
    const offsets = [0, 0];
    for (let length = 1; length < 15; length++) offsets.push(offsets[length] + counts[length]);
    const symbols = [];
    lengths.forEach((length, symbol) => {
      if (length) symbols[offsets[length]++] = symbol;
    });
    return { counts, symbols };
  };
  const decode = ({ counts, symbols }) => {
    let value = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length < 16; length++) {
      value |= take(1);
      if (value - counts[length] < first) return symbols[index + value - first];
      index += counts[length];
      first = (first + counts[length]) << 1;
      value <<= 1;
    }
    throw new Error("the trace is damaged");
  };

  const lengthBase = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
  const lengthExtra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
  const distanceExtra = Array.from({ length: 30 }, (_, symbol) => Math.max(0, (symbol >> 1) - 1));
  const distanceBase = [1];
  for (let symbol = 1; symbol < 30; symbol++) distanceBase.push(distanceBase[symbol - 1] + (1 << distanceExtra[symbol - 1]));
  const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
  const fixed = () => [
    code(Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8))),
    code(new Array(30).fill(5)),
  ];
  const dynamic = () => {
    const literals = take(5) + 257;
    const distances = take(5) + 1;
    const used = take(4) + 4;
    const lengths = new Array(19).fill(0);
    for (let index = 0; index < used; index++) lengths[lengthOrder[index]] = take(3);
    const lengthCode = code(lengths);
    const all = [];
    while (all.length < literals + distances) {
      const symbol = decode(lengthCode);
      if (symbol < 16) all.push(symbol);
      else if (symbol === 16) all.push(...new Array(3 + take(2)).fill(all[all.length - 1]));
      else all.push(...new Array(symbol === 17 ? 3 + take(3) : 11 + take(7)).fill(0));
    }
    return [code(all.slice(0, literals)), code(all.slice(literals, literals + distances))];
  };

  for (let last = 0; !last; ) {
    last = take(1);
    const kind = take(2);
    if (kind === 3) throw new Error("the trace is damaged");
    if (kind === 0) {
      held = heldBits = 0;
      const length = bytes[position] | (bytes[position + 1] << 8);
      position += 4;
      for (let index = 0; index < length; index++) put(bytes[position++]);
      continue;
    }
    const [literals, distances] = kind === 1 ? fixed() : dynamic();
    for (let symbol = decode(literals); symbol !== 256; symbol = decode(literals)) {
      if (symbol < 256) {
        put(symbol);
        continue;
      }
      const length = lengthBase[symbol - 257] + take(lengthExtra[symbol - 257]);
      const away = decode(distances);
      const from = size - distanceBase[away] - take(distanceExtra[away]);
      for (let index = 0; index < length; index++) put(out[from + index]);
    }
  }
  return out.subarray(0, size);
}
