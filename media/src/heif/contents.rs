//! The table of contents of a HEIF: what items there are, how they are related, what is said of them, where they lie
//! (ISO 14496-12, section 8.11, and ISO 23008-12).
//!
//! Boxes are taken at the one depth where they belong, so nothing recurses; every list has a cap, and the whole table
//! has one too, before it comes here.

use super::boxes::{Fields, malformed};
use crate::{Failure, Format, Limits};

/// The contents of a `meta` box.
#[derive(Debug, Default)]
pub(crate) struct Contents<'a> {
    pub(crate) primary: u32,
    pub(crate) items: Vec<Item>,
    pub(crate) references: Vec<Reference>,
    pub(crate) properties: Vec<Property<'a>>,
    /// Item, index of a property (from 0), in the order in which they apply.
    associations: Vec<(u32, usize)>,
    pub(crate) locations: Vec<Location>,
    data: &'a [u8],
}

/// An item: a coded picture, one derived from others, or metadata.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    pub(crate) id: u32,
    pub(crate) kind: [u8; 4],
    /// Encrypted or so.
    pub(crate) protected: bool,
}

/// How an item is related to others.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) kind: [u8; 4],
    pub(crate) from: u32,
    pub(crate) to: Vec<u32>,
}

/// What is said of a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Property<'a> {
    pub(crate) kind: [u8; 4],
    pub(crate) fields: Fields<'a>,
}

/// Where an item's bytes are.
#[derive(Debug)]
pub(crate) struct Location {
    pub(crate) item: u32,
    /// In the `idat` box of the table itself, not at a place in the file.
    pub(crate) inside: bool,
    /// Start and length of each part; no length means up to the end.
    pub(crate) extents: Vec<(u64, u64)>,
}

impl<'a> Contents<'a> {
    /// Reads the content of a `meta` box.
    pub(crate) fn read(meta: &'a [u8], format: Format, limits: &Limits) -> Result<Contents<'a>, Failure> {
        let mut contents = Contents::default();
        let mut fields = Fields::new(meta, format);
        fields.version()?;
        while let Some((kind, mut fields)) = fields.next_box()? {
            match &kind {
                b"pitm" => {
                    let (version, _) = fields.version()?;
                    contents.primary = fields.either(version > 0)?;
                }
                b"iinf" => contents.items(fields)?,
                b"iref" => contents.references(fields)?,
                b"iprp" => contents.properties(fields)?,
                b"iloc" => contents.locations(fields, format)?,
                b"idat" => contents.data = fields.rest(),
                _ => {}
            }
            contents.count(format, limits)?;
        }
        Ok(contents)
    }

    /// Holds every list to its cap. Each was read from a table of bounded size, so each is bounded before as well.
    fn count(&self, format: Format, limits: &Limits) -> Result<(), Failure> {
        let most = limits.max_segments as usize;
        let references = self.references.iter().map(|reference| reference.to.len() + 1).sum::<usize>();
        let extents = self.locations.iter().map(|location| location.extents.len() + 1).sum::<usize>();
        let lists =
            [self.items.len(), self.properties.len(), references / 4, extents / 4, self.associations.len() / 16];
        if lists.iter().any(|&length| length > most) {
            return Err(Failure::too_complex(format, "it consists of too many parts"));
        }
        Ok(())
    }

    fn items(&mut self, mut fields: Fields<'a>) -> Result<(), Failure> {
        let (version, _) = fields.version()?;
        fields.either(version > 0)?;
        while let Some((kind, mut fields)) = fields.next_box()? {
            let (version, _) = fields.version()?;
            // Earlier versions name no type, so they are no pictures.
            if &kind == b"infe" && version >= 2 {
                let id = fields.either(version > 2)?;
                let protected = fields.u16()? != 0;
                self.items.push(Item { id, kind: fields.bytes()?, protected });
            }
        }
        Ok(())
    }

    fn references(&mut self, mut fields: Fields<'a>) -> Result<(), Failure> {
        let (version, _) = fields.version()?;
        while let Some((kind, mut fields)) = fields.next_box()? {
            let from = fields.either(version > 0)?;
            let count = fields.u16()?;
            let to = (0..count).map(|_| fields.either(version > 0)).collect::<Result<_, _>>()?;
            self.references.push(Reference { kind, from, to });
        }
        Ok(())
    }

    fn properties(&mut self, mut fields: Fields<'a>) -> Result<(), Failure> {
        while let Some((kind, mut fields)) = fields.next_box()? {
            match &kind {
                b"ipco" => {
                    while let Some((kind, fields)) = fields.next_box()? {
                        self.properties.push(Property { kind, fields });
                    }
                }
                b"ipma" => self.associations(fields)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn associations(&mut self, mut fields: Fields<'a>) -> Result<(), Failure> {
        let (version, flags) = fields.version()?;
        for _ in 0..fields.u32()? {
            let item = fields.either(version > 0)?;
            for _ in 0..fields.u8()? {
                // The top bit says that the property must be understood; number 0 means none.
                let number = if flags & 1 == 1 { fields.u16()? & 0x7fff } else { u16::from(fields.u8()? & 0x7f) };
                self.associations.extend(usize::from(number).checked_sub(1).map(|index| (item, index)));
            }
        }
        Ok(())
    }

    fn locations(&mut self, mut fields: Fields<'a>, format: Format) -> Result<(), Failure> {
        let (version, _) = fields.version()?;
        let [sizes, more] = fields.bytes()?;
        let (offset_size, length_size, base_size) = (sizes >> 4, sizes & 15, more >> 4);
        let index_size = if version == 0 { 0 } else { more & 15 };
        for _ in 0..fields.either(version > 1)? {
            let item = fields.either(version > 1)?;
            let method = if version == 0 { 0 } else { fields.u16()? & 15 };
            let elsewhere = fields.u16()? != 0;
            if elsewhere || method > 1 {
                return Err(Failure::rare_kind(format, "put together from other items or files"));
            }
            let base = fields.sized(base_size)?;
            let mut extents = Vec::new();
            let parts = fields.u16()?;
            // Numbers of no bytes would let the shortest of tables list billions of parts.
            if parts > 1 && index_size == 0 && offset_size == 0 && length_size == 0 {
                return Err(malformed(format));
            }
            for _ in 0..parts {
                fields.sized(index_size)?;
                let at = base.checked_add(fields.sized(offset_size)?).ok_or_else(|| malformed(format))?;
                extents.push((at, fields.sized(length_size)?));
            }
            self.locations.push(Location { item, inside: method == 1, extents });
        }
        Ok(())
    }

    pub(crate) fn item(&self, id: u32) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// The properties of an item, in order.
    pub(crate) fn properties_of(&self, item: u32) -> impl Iterator<Item = &Property<'a>> {
        self.associations.iter().filter(move |(of, _)| *of == item).filter_map(|(_, index)| self.properties.get(*index))
    }

    /// What an item refers to in one way.
    pub(crate) fn references_of(&self, item: u32, kind: &[u8; 4]) -> &[u32] {
        let found = self.references.iter().find(|reference| reference.from == item && reference.kind == *kind);
        found.map_or(&[], |reference| &reference.to)
    }

    /// The bytes of an item that lies in the table itself, or anywhere in `file`; `None` if they are not all there or
    /// more than `most`.
    pub(crate) fn bytes_of(&self, item: u32, file: &[u8], most: usize) -> Option<Vec<u8>> {
        let location = self.locations.iter().find(|location| location.item == item)?;
        let source = if location.inside { self.data } else { file };
        let mut bytes = Vec::new();
        for &(at, length) in &location.extents {
            let at = usize::try_from(at).ok()?;
            let end = if length == 0 { source.len() } else { at.checked_add(usize::try_from(length).ok()?)? };
            let part = source.get(at..end)?;
            if bytes.len() + part.len() > most {
                return None;
            }
            bytes.extend_from_slice(part);
        }
        Some(bytes)
    }

    /// Whether an item's bytes are in the table itself.
    pub(crate) fn is_inside(&self, item: u32) -> bool {
        self.locations.iter().any(|location| location.item == item && location.inside)
    }

    /// Where the last byte of any item lies in the file.
    pub(crate) fn end(&self) -> u64 {
        let outside = self.locations.iter().filter(|location| !location.inside);
        let ends = outside.flat_map(|location| &location.extents).map(|&(at, length)| at.saturating_add(length));
        ends.max().unwrap_or(0)
    }
}
