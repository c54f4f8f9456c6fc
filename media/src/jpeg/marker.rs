//! The segments in front of a scan (ISO/IEC 10918-1, annex B), as far as [`decode`](super::decode()) reads them.

use super::huffman::Spec;

/// Of coefficient `k` in the order of a scan, its place in rows of 8 (figure A.6).
pub(super) const NATURAL: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// A picture in one scan: what its headers say, and its entropy-coded data.
#[derive(Debug)]
pub(super) struct Picture<'a> {
    pub(super) width: u32,
    pub(super) height: u32,
    /// One (grey) or three (Y, Cb, Cr).
    pub(super) components: Vec<Component>,
    /// MCUs between two restart markers; 0 if there are none.
    pub(super) restart_interval: u32,
    /// The scan's data and whatever follows it.
    pub(super) data: &'a [u8],
}

#[derive(Debug)]
pub(super) struct Component {
    /// Blocks of an MCU, across and down (1 to 4).
    pub(super) sampling: (u32, u32),
    /// Quantisation steps in the order of a scan.
    pub(super) steps: [u16; 64],
    pub(super) dc: Spec,
    pub(super) ac: Spec,
}

/// What has been defined so far.
#[derive(Default)]
struct Tables {
    steps: [Option<[u16; 64]>; 4],
    dc: [Option<Spec>; 4],
    ac: [Option<Spec>; 4],
    restart_interval: u32,
    /// Adobe's APP14 says that three components are RGB.
    rgb: bool,
    frame: Option<Frame>,
}

struct Frame {
    width: u32,
    height: u32,
    /// Identifier, sampling, table of steps.
    components: Vec<(u8, (u32, u32), usize)>,
}

/// Reads the headers; `None` for whatever is not a sequential JPEG of 8 bits in one scan, in grey or YCbCr.
pub(super) fn read(bytes: &[u8]) -> Option<Picture<'_>> {
    let mut rest = bytes.strip_prefix(&[0xff, 0xd8])?;
    let mut tables = Tables::default();
    loop {
        // Any number of fill bytes may stand before a marker (B.1.1.2).
        let fill = rest.iter().take_while(|&&byte| byte == 0xff).count();
        let (code, after) = rest.get(fill..).filter(|_| fill > 0)?.split_first()?;
        let (length, after) = after.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length)).checked_sub(2)?;
        let (segment, after) = after.split_at_checked(length)?;
        match code {
            0xc0 | 0xc1 => tables.frame = Some(frame(segment, tables.frame.is_some())?),
            0xc4 => tables.huffman(segment)?,
            0xdb => tables.steps(segment)?,
            0xdd => tables.restart_interval = u32::from(u16::from_be_bytes(segment.try_into().ok()?)),
            0xee => tables.rgb |= segment.starts_with(b"Adobe") && segment.get(11) == Some(&0),
            0xda => return tables.scan(segment, after),
            // Comments and applications' data; every other marker makes this another kind of JPEG.
            0xe0..=0xef | 0xfe => {}
            _ => return None,
        }
        rest = after;
    }
}

fn frame(segment: &[u8], again: bool) -> Option<Frame> {
    let (&[8, h1, h0, w1, w0, count], rest) = segment.split_first_chunk::<6>()? else { return None };
    if again || !matches!(count, 1 | 3) {
        return None;
    }
    let components: Vec<_> = rest.as_chunks::<3>().0.iter().take(usize::from(count)).collect();
    let components = components.into_iter().map(|&[id, sampling, steps]| {
        let sampling = (u32::from(sampling >> 4), u32::from(sampling & 15));
        let possible = |factor| (1..=4).contains(&factor);
        (possible(sampling.0) && possible(sampling.1)).then_some((id, sampling, usize::from(steps)))
    });
    let components = components.collect::<Option<Vec<_>>>().filter(|all| all.len() == usize::from(count))?;
    let side = |high, low| Some(u32::from(u16::from_be_bytes([high, low]))).filter(|&side| side > 0);
    Some(Frame { width: side(w1, w0)?, height: side(h1, h0)?, components })
}

impl Tables {
    /// DHT (B.2.4.2).
    fn huffman(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((&head, rest)) = segment.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let total = counts.iter().map(|&count| usize::from(count)).sum::<usize>();
            let (symbols, rest) = rest.split_at_checked(total).filter(|_| total <= 256)?;
            let class = match head >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return None,
            };
            *class.get_mut(usize::from(head & 15))? = Some(Spec { counts: *counts, symbols: symbols.to_vec() });
            segment = rest;
        }
        Some(())
    }

    /// DQT (B.2.4.1).
    fn steps(&mut self, mut segment: &[u8]) -> Option<()> {
        while let Some((&head, rest)) = segment.split_first() {
            let mut steps = [0; 64];
            segment = match head >> 4 {
                0 => {
                    let (values, rest) = rest.split_first_chunk::<64>()?;
                    steps = values.map(u16::from);
                    rest
                }
                1 => {
                    let (values, rest) = rest.split_first_chunk::<128>()?;
                    for (step, value) in steps.iter_mut().zip(values.as_chunks::<2>().0) {
                        *step = u16::from_be_bytes(*value);
                    }
                    rest
                }
                _ => return None,
            };
            *self.steps.get_mut(usize::from(head & 15))? = Some(steps);
        }
        Some(())
    }

    /// SOS (B.2.3): all components of the frame, in its order, whole.
    fn scan<'a>(self, segment: &[u8], data: &'a [u8]) -> Option<Picture<'a>> {
        let frame = self.frame?;
        let ids: Vec<u8> = frame.components.iter().map(|component| component.0).collect();
        if self.rgb && ids.len() == 3 || ids == *b"RGB" {
            return None;
        }
        let (&count, rest) = segment.split_first()?;
        let (selectors, end) = rest.split_at_checked(2 * usize::from(count))?;
        if usize::from(count) != ids.len() || end != [0, 63, 0] {
            return None;
        }
        let mut components = Vec::with_capacity(ids.len());
        for ((id, sampling, steps), &[selector, codes]) in
            frame.components.into_iter().zip(selectors.as_chunks::<2>().0)
        {
            if selector != id {
                return None;
            }
            let spec = |class: &[Option<Spec>; 4], index: u8| class.get(usize::from(index))?.clone();
            components.push(Component {
                sampling,
                steps: (*self.steps.get(steps)?)?,
                dc: spec(&self.dc, codes >> 4)?,
                ac: spec(&self.ac, codes & 15)?,
            });
        }
        if let [only] = components.as_mut_slice() {
            // A scan of one component is not interleaved: its blocks come one by one (A.2.2).
            only.sampling = (1, 1);
        }
        let Frame { width, height, .. } = frame;
        Some(Picture { width, height, components, restart_interval: self.restart_interval, data })
    }
}
