//! What can go wrong, as the person or the program that asked should hear it.

use std::time::Duration;

use darkroom_media::{Failure, FailureCode};
use darkroom_platform::objects::ObjectsError;
use darkroom_platform::redis::RedisError;
use sea_orm::{DbErr, RuntimeErr, sqlx};

/// The result of every verb.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a verb was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Expected refusals: one entry for each thing that is wrong with the request.
    #[error("{}", problems.first().map_or("rejected", |problem| problem.message.as_str()))]
    Rejected {
        /// At least one.
        problems: Vec<Problem>,
    },
    /// The verb needs a viewer and there is none, or their session has ended.
    #[error("Sign in first.")]
    Unauthenticated,
    /// Too many of them in too short a time.
    #[error("Too many requests. Try again in {} s.", retry_after.as_secs().max(1))]
    RateLimited {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// A store is away or full. Nothing was changed; trying again later is right.
    #[error("{message}")]
    Unavailable {
        /// What a person may be told.
        message: &'static str,
        /// For the log.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A fault of ours. It is logged where it leaves the house and never shown.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// For programs.
    pub code: ProblemCode,
    /// The argument it is about, as the API spells it; none if it is about the whole.
    pub field: Option<&'static str>,
    /// For people: one sentence.
    pub message: String,
    /// Why a file was refused, if it was one.
    pub failure: Option<FailureCode>,
}

/// What kind of refusal it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemCode {
    /// The value breaks a rule.
    Invalid,
    /// It stands against what is already there.
    Conflict,
    /// It does not exist, or it is not the viewer's to see: the same answer.
    NotFound,
    /// The viewer sees it and may not do this to it.
    Forbidden,
}

impl Problem {
    /// A value that breaks a rule.
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self { code: ProblemCode::Invalid, field: Some(field), message: message.into(), failure: None }
    }

    /// A value that stands against what is already there.
    pub fn conflict(field: &'static str, message: impl Into<String>) -> Self {
        Self { code: ProblemCode::Conflict, field: Some(field), message: message.into(), failure: None }
    }
}

impl Error {
    /// Nothing is there that this viewer may see: the same words, whether it exists or not.
    pub fn not_found(field: &'static str, noun: &str) -> Self {
        let message = format!("No such {noun}.");
        Problem { code: ProblemCode::NotFound, field: Some(field), message, failure: None }.into()
    }

    /// The viewer sees it and may not do this to it.
    pub fn forbidden(field: &'static str, message: impl Into<String>) -> Self {
        Problem { code: ProblemCode::Forbidden, field: Some(field), message: message.into(), failure: None }.into()
    }

    /// One value that breaks a rule.
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Problem::invalid(field, message).into()
    }

    /// One value that stands against what is already there.
    pub fn conflict(field: &'static str, message: impl Into<String>) -> Self {
        Problem::conflict(field, message).into()
    }

    /// A file that can't be used.
    pub fn refused(field: &'static str, failure: Failure) -> Self {
        let Failure { code, message } = failure;
        Problem { code: ProblemCode::Invalid, field: Some(field), message, failure: Some(code) }.into()
    }

    /// A fault of ours.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }

    /// Whether it was refused because nothing (visible) is there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Rejected { problems } if problems.iter().all(|p| p.code == ProblemCode::NotFound))
    }
}

/// `Err` with every problem, or `Ok` if there is none.
pub(crate) fn reject_if_any(problems: Vec<Problem>) -> Result<()> {
    if problems.is_empty() { Ok(()) } else { Err(Error::Rejected { problems }) }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Rejected { problems: vec![problem] }
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        let away = match &error {
            DbErr::ConnectionAcquire(_) => true,
            DbErr::Conn(RuntimeErr::SqlxError(_)) => true,
            DbErr::Query(RuntimeErr::SqlxError(source)) | DbErr::Exec(RuntimeErr::SqlxError(source)) => is_away(source),
            _ => false,
        };
        if away {
            Self::Unavailable {
                message: "The database can't be reached right now. Try again soon.",
                source: error.into(),
            }
        } else {
            Self::internal(error)
        }
    }
}

/// Whether an error speaks of the database as a whole, its connection or its disk, and not of the statement.
fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        // A connection that broke in the middle of an answer, or before a transaction had begun.
        sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed | sqlx::Error::BeginFailed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_outage(&code)),
        _ => false,
    }
}

/// Whether a database's error code means that it goes, comes, or has no room.
///
/// PostgreSQL's have five characters: classes 08 (connection), 53 (disk, memory, connections) and, of 57, the server's end
/// and start. A statement that took too long (57014) is none of them. SQLite's are numbers, whose lowest byte is the
/// kind: 5 and 6 somebody else's lock, 10 the disk, 13 no room on it.
fn is_outage(code: &str) -> bool {
    if code.len() == 5 {
        return ["08", "53", "57P"].iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13))
}

impl From<RedisError> for Error {
    fn from(error: RedisError) -> Self {
        Self::Unavailable { message: "Redis can't be reached right now. Try again soon.", source: error.into() }
    }
}

impl From<ObjectsError> for Error {
    fn from(error: ObjectsError) -> Self {
        match error {
            ObjectsError::Full => {
                Self::Unavailable { message: "The storage is full. Nothing was saved.", source: error.into() }
            }
            ObjectsError::Unavailable(_) => Self::Unavailable {
                message: "The photo storage can't be reached right now. Try again soon.",
                source: error.into(),
            },
            other => Self::internal(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use super::*;

    fn is_unavailable(error: sqlx::Error) -> bool {
        let error = DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)));
        matches!(Error::from(error), Error::Unavailable { .. })
    }

    #[test]
    fn a_connection_that_ends_is_no_fault_of_the_statement() {
        for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe] {
            assert!(is_unavailable(sqlx::Error::Io(kind.into())), "{kind}");
        }
        assert!(is_unavailable(sqlx::Error::WorkerCrashed));
        assert!(!is_unavailable(sqlx::Error::RowNotFound));
    }

    #[test]
    fn a_code_tells_an_outage_from_a_fault() {
        for outage in ["08006", "53100", "53300", "57P01", "57P02", "57P03", "5", "517", "10", "4874", "13"] {
            assert!(is_outage(outage), "{outage}");
        }
        for fault in ["23505", "40P01", "42P01", "57014", "1", "19", "2067", "11"] {
            assert!(!is_outage(fault), "{fault}");
        }
    }
}
