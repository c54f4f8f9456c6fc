//! The column types that every table uses, spelled once.

use sea_orm_migration::prelude::{ColumnDef, IntoIden};

/// A UUIDv7 made by the application.
pub(crate) fn id(name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.uuid().not_null();
    column
}

/// Text of at most `chars` characters.
pub(crate) fn text(name: impl IntoIden, chars: u32) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.string_len(chars).not_null();
    column
}

/// A moment made by the application's clock, in microseconds, UTC.
pub(crate) fn moment(name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.timestamp_with_time_zone().not_null();
    column
}

/// A whole number that starts at nought.
pub(crate) fn counter(name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.big_integer().not_null().default(0);
    column
}

/// Yes or no, no unless said otherwise.
pub(crate) fn flag(name: impl IntoIden) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.boolean().not_null().default(false);
    column
}

/// The same column, allowed to be empty.
pub(crate) fn optional(mut column: ColumnDef) -> ColumnDef {
    column.null();
    column
}
