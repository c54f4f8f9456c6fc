//! The only way out for a service error.
//!
//! What is expected (a value that breaks a rule, a name that is taken) is data: a mutation's `userErrors`. What is not is
//! a top-level error with `extensions.code`; what is our fault is logged once and masked.
//!
//! Resolvers return [`Failure`], which only a service error turns into: `?` can't let a database's message slip out.

use std::sync::Arc;

use async_graphql::{Enum, ErrorExtensionValues, Response, ServerError, SimpleObject};
use darkroom_service::media::FailureCode;
use darkroom_service::{Error, Problem, ProblemCode};

/// Why something was not done, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ErrorCode {
    /// A value breaks a rule: `field` names it, `message` says the rule.
    Invalid,
    /// It stands against what is already there, for instance a username that is taken.
    Conflict,
    /// It does not exist, or it is not yours to see: the same answer.
    NotFound,
    /// You see it and may not do this to it.
    Forbidden,
    /// Sign in first, or again.
    Unauthenticated,
    /// Too many requests in too short a time: `extensions.retryAfter` says when to try again, in seconds.
    RateLimited,
    /// The document asks for more than one request may.
    TooComplex,
    /// A store is away or full. Nothing was changed; try again later.
    Unavailable,
    /// A fault of ours, in our log under `extensions.requestId`.
    Internal,
}

impl ErrorCode {
    /// As it stands in `extensions.code`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "INVALID",
            Self::Conflict => "CONFLICT",
            Self::NotFound => "NOT_FOUND",
            Self::Forbidden => "FORBIDDEN",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::RateLimited => "RATE_LIMITED",
            Self::TooComplex => "TOO_COMPLEX",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }
}

impl From<ProblemCode> for ErrorCode {
    fn from(code: ProblemCode) -> Self {
        match code {
            ProblemCode::Invalid => Self::Invalid,
            ProblemCode::Conflict => Self::Conflict,
            ProblemCode::NotFound => Self::NotFound,
            ProblemCode::Forbidden => Self::Forbidden,
        }
    }
}

/// Why a file can't be used, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "FailureCode")]
pub enum MediaFailureCode {
    /// It has no byte at all.
    EmptyFile,
    /// It is not a picture of a kind that `Instance.acceptedTypes` lists.
    UnsupportedFormat,
    /// It ends before the picture does: the upload or the copy was cut off.
    Truncated,
    /// It breaks its format's rules in a way that leaves no picture.
    Corrupt,
    /// It has more bytes than `Instance.uploadMaxBytes`.
    TooLarge,
    /// It has more pixels than `Instance.mediaMaxPixels`, or a side that is too long.
    TooManyPixels,
    /// It is out of proportion to decode: too many scans, or metadata that inflates without end.
    TooComplex,
    /// A fault of ours. Uploading it again may help.
    Internal,
}

/// Something in a mutation's input that keeps it from being carried out. Nothing was changed.
#[derive(Debug, Clone, SimpleObject)]
pub struct UserError {
    /// For programs.
    code: ErrorCode,
    /// The path of the input field it is about; null if it is about the whole.
    field: Option<Vec<String>>,
    /// For people: one sentence.
    message: String,
    /// If a file was refused: why, for programs.
    media_failure: Option<MediaFailureCode>,
}

impl From<&Problem> for UserError {
    fn from(problem: &Problem) -> Self {
        Self {
            code: problem.code.into(),
            field: problem.field.map(|field| vec!["input".to_owned(), field.to_owned()]),
            message: problem.message.clone(),
            media_failure: problem.failure.map(MediaFailureCode::from),
        }
    }
}

/// What a resolver can fail with.
#[derive(Debug, Clone)]
pub struct Failure(Arc<Error>);

/// What a resolver returns.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(Arc::new(error))
    }
}

impl From<Arc<Error>> for Failure {
    fn from(error: Arc<Error>) -> Self {
        Self(error)
    }
}

impl From<Failure> for async_graphql::Error {
    fn from(Failure(error): Failure) -> Self {
        let mut extensions = ErrorExtensionValues::default();
        let (code, message) = match &*error {
            Error::Rejected { problems } => {
                let code = problems.first().map_or(ErrorCode::Invalid, |problem| problem.code.into());
                (code, error.to_string())
            }
            Error::Unauthenticated => (ErrorCode::Unauthenticated, error.to_string()),
            Error::RateLimited { retry_after } => {
                extensions.set("retryAfter", retry_after.as_secs().max(1));
                (ErrorCode::RateLimited, error.to_string())
            }
            Error::Unavailable { .. } => (ErrorCode::Unavailable, error.to_string()),
            Error::Internal(_) => (ErrorCode::Internal, MASKED.to_owned()),
        };
        extensions.set("code", code.as_str());
        Self { message, source: Some(error), extensions: Some(extensions) }
    }
}

/// What a client hears of a fault of ours.
const MASKED: &str = "Something went wrong on our side. The request id is in our log.";

/// Splits a verb's result for a payload: what came of it, or what was wrong with the input. Everything else is a
/// top-level error.
pub(crate) fn settle<T>(result: Result<T, Error>) -> Result<(Option<T>, Vec<UserError>)> {
    match result {
        Ok(value) => Ok((Some(value), Vec::new())),
        Err(Error::Rejected { problems }) => Ok((None, problems.iter().map(UserError::from).collect())),
        Err(other) => Err(other.into()),
    }
}

/// The last look at a response before it leaves: every error gets a code and the request's id, and nothing that is not
/// meant for a client gets out. What is our fault, or a store's, is logged here, once.
pub fn mask(mut response: Response, request_id: &str) -> Response {
    for error in &mut response.errors {
        log(error, request_id);
        let known = error.extensions.as_ref().is_some_and(|extensions| extensions.get("code").is_some());
        let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
        if !known {
            // Without a path it is the document that is at fault, and the library's words on it are for the client.
            // With one, a value was: input coercion says so itself; anything else did not come through `Failure`.
            let of_input = error.path.is_empty() || error.message.starts_with("Failed to parse \"");
            let code = if of_input { ErrorCode::Invalid } else { ErrorCode::Internal };
            if code == ErrorCode::Internal {
                tracing::error!(request_id, message = error.message, "an unmarked error reached the edge");
                error.message = MASKED.to_owned();
            }
            extensions.set("code", code.as_str());
        }
        extensions.set("requestId", request_id);
    }
    response
}

fn log(error: &ServerError, request_id: &str) {
    match error.source::<Error>() {
        Some(Error::Internal(source)) => {
            tracing::error!(request_id, error = %chain(source.as_ref()), path = ?error.path, "a request failed");
        }
        Some(Error::Unavailable { source, .. }) => {
            tracing::warn!(request_id, error = %chain(source.as_ref()), path = ?error.path, "a store is away");
        }
        _ => {}
    }
}

/// An error with everything that caused it, in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
