//! HEIF containers around two coded pictures, `Picture::scene(64, 64)` in HEVC and in AV1.

use darkroom_media::Format;

const HVCC: &[u8] = include_bytes!("coded/scene.hvcC");
const HEVC: &[u8] = include_bytes!("coded/scene.hevc");
const AV1C: &[u8] = include_bytes!("coded/scene.av1C");
const AV1: &[u8] = include_bytes!("coded/scene.av1");

/// A box of ISO 14496-12.
pub fn boxed(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes(), name.as_slice(), content].concat()
}

/// What stands in a HEIF.
#[derive(Clone)]
pub struct Heif {
    pub format: Format,
    /// The size that the coded picture declares.
    pub tile: (u32, u32),
    /// Rows, columns, width and height of a grid, in which the coded picture is repeated.
    pub grid: Option<(u8, u8, u32, u32)>,
    /// What the grid itself says of its size, if it contradicts the table.
    pub grid_says: Option<(u32, u32)>,
    /// Further properties of the picture that is shown, as whole boxes.
    pub properties: Vec<Vec<u8>>,
    /// An EXIF block, from its TIFF header on.
    pub exif: Option<Vec<u8>>,
    /// Further items: type and data.
    pub items: Vec<([u8; 4], Vec<u8>)>,
    /// Whether the table of contents comes behind the pictures.
    pub table_last: bool,
}

impl Heif {
    pub fn new(format: Format) -> Heif {
        Heif {
            format,
            tile: (64, 64),
            grid: None,
            grid_says: None,
            properties: Vec::new(),
            exif: None,
            items: Vec::new(),
            table_last: false,
        }
    }

    pub fn with(mut self, property: Vec<u8>) -> Heif {
        self.properties.push(property);
        self
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let (brand, kind, configuration, coded) = match self.format {
            Format::Heic => (b"heic", *b"hvc1", boxed(b"hvcC", HVCC), HEVC),
            Format::Avif => (b"avif", *b"av01", boxed(b"av1C", AV1C), AV1),
            other => panic!("{other:?} is no HEIF"),
        };
        let ftyp = boxed(b"ftyp", &[brand.as_slice(), &[0; 4], b"mif1", brand].concat());
        let ispe =
            |(width, height): (u32, u32)| boxed(b"ispe", &[[0; 4], width.to_be_bytes(), height.to_be_bytes()].concat());

        // Item 1 is the coded picture, 2 the grid, 3 the EXIF block, and so on.
        let mut items = vec![(1, kind, coded.to_vec())];
        let mut references = Vec::new();
        let mut properties = vec![configuration, ispe(self.tile)];
        let mut of = vec![(1u16, vec![1u8, 2])];
        let mut primary = 1u16;
        if let Some((rows, columns, width, height)) = self.grid {
            let (w, h) = self.grid_says.unwrap_or((width, height));
            let data = [&[0, 1, rows - 1, columns - 1], w.to_be_bytes().as_slice(), &h.to_be_bytes()].concat();
            items.push((2, *b"grid", data));
            properties.push(ispe((width, height)));
            of.push((2, vec![3]));
            primary = 2;
            let count = u16::from(rows) * u16::from(columns);
            let tiles = [vec![0, 2], count.to_be_bytes().to_vec(), [0, 1].repeat(count.into())].concat();
            references.push(boxed(b"dimg", &tiles));
        }
        for property in &self.properties {
            properties.push(property.clone());
            let number = properties.len() as u8;
            of.last_mut().unwrap().1.push(number);
        }
        if let Some(exif) = &self.exif {
            items.push((3, *b"Exif", [&[0; 4], exif.as_slice()].concat()));
            references.push(boxed(b"cdsc", &[0, 3, 0, 1, 0, primary as u8]));
        }
        for (index, (kind, data)) in self.items.iter().enumerate() {
            items.push((4 + index as u16, *kind, data.clone()));
        }

        let meta = |start: u32| {
            let mut at = start;
            let mut iloc = [[0, 0, 0, 0, 0x44, 0].as_slice(), &(items.len() as u16).to_be_bytes()].concat();
            let mut iinf = [[0; 4].as_slice(), &(items.len() as u16).to_be_bytes()].concat();
            for (id, kind, data) in &items {
                let infe = [[2, 0, 0, 0].as_slice(), &id.to_be_bytes(), &[0, 0], kind, &[0]].concat();
                iinf.extend(boxed(b"infe", &infe));
                iloc.extend([id.to_be_bytes(), [0, 0], [0, 1]].concat());
                iloc.extend([at.to_be_bytes(), (data.len() as u32).to_be_bytes()].concat());
                at += data.len() as u32;
            }
            let mut ipma = [[0; 4], (of.len() as u32).to_be_bytes()].concat();
            for (item, numbers) in &of {
                ipma.extend(item.to_be_bytes());
                ipma.push(numbers.len() as u8);
                ipma.extend(numbers);
            }
            let iprp = [boxed(b"ipco", &properties.concat()), boxed(b"ipma", &ipma)].concat();
            let handler = [[0; 8].as_slice(), b"pict", &[0; 13]].concat();
            let parts = [
                boxed(b"hdlr", &handler),
                boxed(b"pitm", &[&[0; 4], primary.to_be_bytes().as_slice()].concat()),
                boxed(b"iloc", &iloc),
                boxed(b"iinf", &iinf),
                boxed(b"iprp", &iprp),
                if references.is_empty() {
                    Vec::new()
                } else {
                    boxed(b"iref", &[[0; 4].as_slice(), &references.concat()].concat())
                },
            ];
            boxed(b"meta", &[vec![0; 4], parts.concat()].concat())
        };
        let data: Vec<u8> = items.iter().flat_map(|(.., data)| data.clone()).collect();
        let mdat = boxed(b"mdat", &data);
        if self.table_last {
            let start = ftyp.len() as u32 + 8;
            [ftyp, mdat, meta(start)].concat()
        } else {
            let start = (ftyp.len() + meta(0).len()) as u32 + 8;
            let meta = meta(start);
            [ftyp, meta, mdat].concat()
        }
    }
}

/// A quarter turn to the left, `times` over.
pub fn irot(times: u8) -> Vec<u8> {
    boxed(b"irot", &[times])
}

/// Primaries and transfer characteristics by their numbers, in full range.
pub fn nclx(primaries: u16, transfer: u16) -> Vec<u8> {
    let numbers = [primaries.to_be_bytes(), transfer.to_be_bytes(), 6u16.to_be_bytes()].concat();
    boxed(b"colr", &[b"nclx".as_slice(), &numbers, &[0x80]].concat())
}

/// An aperture of whole numbers around the middle.
pub fn clap(width: u32, height: u32) -> Vec<u8> {
    let numbers = [width, 1, height, 1, 0, 1, 0, 1].map(u32::to_be_bytes);
    boxed(b"clap", &numbers.concat())
}
