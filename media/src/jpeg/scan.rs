//! From quantised blocks to the bytes of a file (ISO/IEC 10918-1, annexes B and F.1).

use super::{
    fdct::Quantised,
    huffman::{self, Encoder, Spec},
};

/// A component's quantised blocks.
pub(super) struct Channel {
    /// Blocks of an MCU, across and down.
    pub(super) factor: u32,
    /// Quantisation steps in the order of a scan.
    pub(super) steps: [u16; 64],
    /// Row by row, whole MCUs.
    pub(super) blocks: Vec<Quantised>,
    pub(super) blocks_across: u32,
}

/// What the symbols of a scan are told to: their number is counted first, then they are written.
trait Sink {
    /// A symbol with the low `size` bits of `value` behind it; `table` is 0 for luma and 1 for chroma.
    fn dc(&mut self, table: usize, symbol: u8, value: u32, size: u32);
    /// The same for AC coefficients.
    fn ac(&mut self, table: usize, symbol: u8, value: u32, size: u32);
}

/// Writes a file: SOI, APP0, DQT, SOF0, DHT, SOS, the scan, EOI. `units` are the MCUs across and down.
pub(super) fn write(width: u32, height: u32, units: (u32, u32), channels: &[Channel]) -> Vec<u8> {
    let mut count = Box::new(Count { dc: [[0; 256]; 2], ac: [[0; 256]; 2] });
    walk(units, channels, count.as_mut());
    let tables = if channels.len() > 1 { 2 } else { 1 };
    let specs: Vec<(u8, Spec)> = (0..tables)
        .flat_map(|table| {
            let id = table as u8;
            [(id, huffman::optimal(&count.dc[table])), (0x10 | id, huffman::optimal(&count.ac[table]))]
        })
        .collect();

    let mut bytes = Vec::with_capacity(4096 + width as usize * height as usize / 4);
    head(&mut bytes, width, height, channels, &specs);
    let encoder = |table: usize, ac: usize| {
        specs.get(2 * table + ac).map_or_else(|| Encoder::new(&specs[ac].1), |(_, spec)| Encoder::new(spec))
    };
    let mut writer =
        Writer { bytes, window: 0, filled: 0, dc: [encoder(0, 0), encoder(1, 0)], ac: [encoder(0, 1), encoder(1, 1)] };
    walk(units, channels, &mut writer);
    writer.finish()
}

/// Tells every symbol of the scan.
fn walk(units: (u32, u32), channels: &[Channel], sink: &mut impl Sink) {
    let mut last_dc = [0i32; 3];
    for row in 0..units.1 {
        for column in 0..units.0 {
            for (index, (channel, last_dc)) in channels.iter().zip(&mut last_dc).enumerate() {
                let table = index.min(1);
                let factor = channel.factor;
                for y in row * factor..(row + 1) * factor {
                    let first = (y * channel.blocks_across + column * factor) as usize;
                    for block in &channel.blocks[first..first + factor as usize] {
                        let dc = i32::from(block.values[0]);
                        let (size, bits) = magnitude(dc - *last_dc);
                        sink.dc(table, size as u8, bits, size);
                        *last_dc = dc;
                        coefficients(block, table, sink);
                    }
                }
            }
        }
    }
}

/// The symbols of a block's AC coefficients (F.1.2.2).
#[inline(always)]
fn coefficients(block: &Quantised, table: usize, sink: &mut impl Sink) {
    let mut nonzero = block.nonzero & !1;
    let mut last = 0;
    while nonzero != 0 {
        let k = nonzero.trailing_zeros();
        nonzero &= nonzero - 1;
        let mut run = k - last - 1;
        while run > 15 {
            sink.ac(table, 0xf0, 0, 0);
            run -= 16;
        }
        let (size, bits) = magnitude(i32::from(block.values[k as usize & 63]));
        sink.ac(table, (run << 4 | size) as u8, bits, size);
        last = k;
    }
    if last < 63 {
        sink.ac(table, 0, 0, 0);
    }
}

/// How many bits a value takes, and these: of a negative one those of the value less one (F.1.2.1).
#[inline(always)]
fn magnitude(value: i32) -> (u32, u32) {
    let size = 32 - value.unsigned_abs().leading_zeros();
    let bits = (value + (value >> 31)) as u32 & ((1 << size) - 1);
    (size, bits)
}

struct Count {
    dc: [[u32; 256]; 2],
    ac: [[u32; 256]; 2],
}

impl Sink for Count {
    #[inline(always)]
    fn dc(&mut self, table: usize, symbol: u8, _: u32, _: u32) {
        self.dc[table & 1][usize::from(symbol)] += 1;
    }

    #[inline(always)]
    fn ac(&mut self, table: usize, symbol: u8, _: u32, _: u32) {
        self.ac[table & 1][usize::from(symbol)] += 1;
    }
}

struct Writer {
    bytes: Vec<u8>,
    /// The last `filled` bits (fewer than 32) are still to be written; what is above them is written.
    window: u64,
    filled: u32,
    dc: [Encoder; 2],
    ac: [Encoder; 2],
}

impl Writer {
    #[inline(always)]
    fn put(&mut self, (code, length): (u16, u8), value: u32, size: u32) {
        // At most 16 bits of code and 11 of value.
        self.window = self.window << (u32::from(length) + size) | u64::from(u32::from(code) << size | value);
        self.filled += u32::from(length) + size;
        if self.filled >= 32 {
            self.filled -= 32;
            let word = ((self.window >> self.filled) as u32).to_be_bytes();
            if word.contains(&0xff) {
                self.stuff(&word);
            } else {
                self.bytes.extend_from_slice(&word);
            }
        }
    }

    #[cold]
    fn stuff(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.bytes.push(byte);
            if byte == 0xff {
                self.bytes.push(0);
            }
        }
    }

    /// Fills the last byte with ones and ends the file.
    fn finish(mut self) -> Vec<u8> {
        let padding = (8 - self.filled % 8) % 8;
        let window = self.window << padding | ((1 << padding) - 1);
        let last = ((self.filled + padding) / 8) as usize;
        self.stuff(&(window as u32).to_be_bytes()[4 - last..]);
        self.bytes.extend_from_slice(&[0xff, 0xd9]);
        self.bytes
    }
}

impl Sink for Writer {
    #[inline(always)]
    fn dc(&mut self, table: usize, symbol: u8, value: u32, size: u32) {
        self.put(self.dc[table & 1].codes[usize::from(symbol)], value, size);
    }

    #[inline(always)]
    fn ac(&mut self, table: usize, symbol: u8, value: u32, size: u32) {
        self.put(self.ac[table & 1].codes[usize::from(symbol)], value, size);
    }
}

/// Everything in front of the scan's data.
fn head(bytes: &mut Vec<u8>, width: u32, height: u32, channels: &[Channel], specs: &[(u8, Spec)]) {
    bytes.extend_from_slice(&[0xff, 0xd8]);
    // JFIF 1.01, pixels square, no thumbnail.
    segment(bytes, 0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    let mut tables = Vec::new();
    for (id, channel) in channels.iter().take(2).enumerate() {
        let wide = channel.steps.iter().any(|&step| step > 255);
        tables.push(u8::from(wide) << 4 | id as u8);
        for step in channel.steps {
            let [high, low] = step.to_be_bytes();
            tables.extend(wide.then_some(high));
            tables.push(low);
        }
    }
    segment(bytes, 0xdb, &tables);
    let mut frame = vec![8];
    for side in [height, width] {
        frame.extend_from_slice(&(side.min(65_535) as u16).to_be_bytes());
    }
    frame.push(channels.len() as u8);
    let mut scan = vec![channels.len() as u8];
    for (index, channel) in channels.iter().enumerate() {
        let (id, table) = (index as u8 + 1, index.min(1) as u8);
        frame.extend_from_slice(&[id, (channel.factor << 4 | channel.factor) as u8, table]);
        scan.extend_from_slice(&[id, table << 4 | table]);
    }
    segment(bytes, 0xc0, &frame);
    let mut codes = Vec::new();
    for (id, spec) in specs {
        codes.push(*id);
        codes.extend_from_slice(&spec.counts);
        codes.extend_from_slice(&spec.symbols);
    }
    segment(bytes, 0xc4, &codes);
    scan.extend_from_slice(&[0, 63, 0]);
    segment(bytes, 0xda, &scan);
}

fn segment(bytes: &mut Vec<u8>, code: u8, content: &[u8]) {
    bytes.extend_from_slice(&[0xff, code]);
    bytes.extend_from_slice(&(content.len() as u16 + 2).to_be_bytes());
    bytes.extend_from_slice(content);
}
