//! What operations cost, as an expression over their variables.
//!
//! A selection costs the sum of its fields: each 1, and what lies below it times the length of its list. Where a length is a
//! variable's, the sum keeps a term for it; everything else is a number. A fragment's sum is made once and named wherever it
//! is spread, so that the expression is as long as the text at most, and evaluated in one pass.

use async_graphql::{Name, Value, Variables};

/// How often something is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Factor {
    /// So often.
    Fixed(u64),
    /// As a variable says: its number, or the length of its list.
    Variable {
        /// Without the `$`.
        name: Name,
        /// If it is not sent, or says nothing.
        default: u64,
    },
}

/// A sum in an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id(usize);

/// A number and terms: what changes with variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sum {
    constant: u64,
    terms: Vec<(Factor, Id)>,
}

impl Sum {
    /// Adds a field with what lies below it, so often.
    pub(super) fn add_field(&mut self, below: Sum, times: Factor, sums: &mut Sums) {
        self.constant = self.constant.saturating_add(1);
        match times {
            Factor::Fixed(1) => self.join(below),
            Factor::Fixed(times) if below.terms.is_empty() => {
                self.constant = self.constant.saturating_add(below.constant.saturating_mul(times));
            }
            _ if below == Self::default() => {}
            times => self.terms.push((times, sums.keep(below))),
        }
    }

    /// Adds what an inline fragment holds: it stands in the text once.
    pub(super) fn join(&mut self, other: Sum) {
        self.constant = self.constant.saturating_add(other.constant);
        self.terms.extend(other.terms);
    }

    /// Adds what a fragment holds, by its name: it may be spread any number of times.
    pub(super) fn spread(&mut self, fragment: Id, sums: &Sums) {
        match sums.0.get(fragment.0) {
            Some(sum) if sum.terms.is_empty() => self.constant = self.constant.saturating_add(sum.constant),
            _ => self.terms.push((Factor::Fixed(1), fragment)),
        }
    }
}

/// The sums of a document; each names only those before it.
#[derive(Debug, Default)]
pub(super) struct Sums(Vec<Sum>);

impl Sums {
    /// Keeps a sum, to be named.
    pub(super) fn keep(&mut self, sum: Sum) -> Id {
        self.0.push(sum);
        Id(self.0.len() - 1)
    }
}

/// What the operations of a document cost.
#[derive(Debug)]
pub(crate) struct Costs {
    sums: Vec<Sum>,
    operations: Vec<(Option<Name>, Id)>,
}

impl Costs {
    /// Of these operations; the anonymous one has no name.
    pub(super) fn new(sums: Sums, operations: Vec<(Option<Name>, Id)>) -> Self {
        Self { sums: sums.0, operations }
    }

    /// About how many bytes it takes.
    pub(crate) fn weight(&self) -> usize {
        let terms: usize = self.sums.iter().map(|sum| sum.terms.len()).sum();
        terms * size_of::<(Factor, Id)>() + self.sums.len() * size_of::<Sum>() + self.operations.len() * 64
    }

    /// What the operation asks for with these variables; none if it is not here, or if the name leaves it open.
    pub(crate) fn of(&self, operation: Option<&str>, variables: &Variables) -> Option<u64> {
        let id = match (operation, self.operations.as_slice()) {
            (None, [(_, id)]) => *id,
            (None, _) => return None,
            (Some(wanted), all) => all.iter().find(|(name, _)| name.as_deref() == Some(wanted))?.1,
        };
        let sum = self.sums.get(id.0)?;
        if sum.terms.is_empty() {
            return Some(sum.constant);
        }
        let mut values: Vec<u64> = Vec::with_capacity(id.0 + 1);
        for sum in &self.sums[..=id.0] {
            let value = sum.terms.iter().fold(sum.constant, |total, (factor, id)| {
                let below = values.get(id.0).copied().unwrap_or(u64::MAX);
                total.saturating_add(below.saturating_mul(factor.times(variables)))
            });
            values.push(value);
        }
        values.last().copied()
    }
}

impl Factor {
    fn times(&self, variables: &Variables) -> u64 {
        match self {
            Self::Fixed(times) => *times,
            Self::Variable { name, default } => variables.get(name).and_then(length).unwrap_or(*default),
        }
    }
}

/// The length that a value says: a number itself, a list its entries'; at least 1, since asking costs as well. None if it
/// says nothing.
pub(super) fn length(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => Some(match (number.as_u64(), number.as_f64()) {
            (Some(number), _) => number.max(1),
            (None, Some(number)) if number > 1.0 => u64::MAX,
            _ => 1,
        }),
        Value::List(values) => Some((values.len() as u64).max(1)),
        _ => None,
    }
}
