//! Indexes, spelled in a line.

use sea_orm_migration::prelude::{Index, IndexCreateStatement};

/// An index over these columns, in this order.
pub(crate) fn index<const N: usize>(
    name: &'static str,
    table: &'static str,
    columns: [&'static str; N],
) -> IndexCreateStatement {
    let mut index = Index::create();
    for column in columns {
        index.col(column);
    }
    index.name(name).table(table).to_owned()
}
