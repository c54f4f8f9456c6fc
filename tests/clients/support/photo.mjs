// Small real photographs, as far as a decoder can tell: baseline JPEGs of grey squares, written here so that every test
// has pictures of its own and none lies in the repository.

const SIDE = 8;

/**
 * A JPEG of `columns` × `rows` squares of 8 × 8 pixels, their greys drawn from `seed`: other seeds, other bytes.
 *
 * Each square has one grey, so its only coefficient is the mean, and two short code tables are enough for the whole file.
 */
export function jpeg({ columns = 40, rows = 25, seed = 1 } = {}) {
  const bits = bitWriter();
  let last = 0;
  let state = seed;
  for (let square = 0; square < columns * rows; square++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // The mean of a square is its coefficient divided by 8, after both were moved by 128.
    const mean = Math.round(((state >>> 24) - 128) * SIDE);
    const difference = mean - last;
    last = mean;
    const size = difference === 0 ? 0 : 32 - Math.clz32(Math.abs(difference));
    bits.put(size, 4); // the code of a size is the size itself, in four bits
    bits.put(difference < 0 ? difference + (1 << size) - 1 : difference, size);
    bits.put(0, 1); // no other coefficient
  }
  const [height, width] = [rows * SIDE, columns * SIDE];
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, [0, ...Array(64).fill(1)]), // every step is 1
    segment(0xc0, [8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0]),
    segment(0xc4, [0x00, 0, 0, 0, 12, ...Array(12).fill(0), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    segment(0xc4, [0x10, 1, ...Array(15).fill(0), 0]),
    segment(0xda, [1, 1, 0x00, 0, 63, 0]),
    bits.end(),
    Buffer.from([0xff, 0xd9]),
  ]);
}

/** A photo as a browser's file input gives it. `name` is what the person called it. */
export function photoFile(name = "photo.jpg", options) {
  return new File([jpeg(options)], name, { type: "image/jpeg" });
}

function segment(marker, content) {
  const length = content.length + 2;
  return Buffer.from([0xff, marker, length >> 8, length & 255, ...content]);
}

/** Bits, the highest first; a byte of ones is followed by a zero, as the format wants it. */
function bitWriter() {
  const bytes = [];
  let [held, count] = [0, 0];
  const put = (value, length) => {
    for (let bit = length - 1; bit >= 0; bit--) {
      held = (held << 1) | ((value >> bit) & 1);
      if (++count === 8) {
        bytes.push(held);
        if (held === 0xff) bytes.push(0);
        [held, count] = [0, 0];
      }
    }
  };
  return {
    put,
    end() {
      while (count > 0) put(1, 1);
      return Buffer.from(bytes);
    },
  };
}
